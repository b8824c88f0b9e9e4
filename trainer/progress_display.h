// Shows a run to the person who watches it: on a terminal one line that changes, elsewhere log
// lines.
#ifndef LOCALMAMBA_TRAINER_PROGRESS_DISPLAY_H_
#define LOCALMAMBA_TRAINER_PROGRESS_DISPLAY_H_

#include <cstdio>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "model/training/training_observer.h"

namespace localmamba::trainer {

class ProgressDisplay {
 public:
  // `out` outlives the object. is_terminal: `out` is one.
  ProgressDisplay(std::FILE* out, bool is_terminal) : out_(out), is_terminal_(is_terminal) {}

  // Where there is no terminal, only every ten seconds.
  void ShowProgress(absl::string_view phase, const ProgressReport& report, absl::Time now);
  void ShowEpoch(absl::string_view phase, const EpochReport& report);
  void ShowLine(absl::string_view text);

 private:
  std::FILE* const out_;
  const bool is_terminal_;
  absl::Time last_line_ = absl::InfinitePast();
};

// "train  epoch 3.25  [######--------------]  step 1300/4000  loss 1.234  ...", without line end.
std::string FormatProgress(absl::string_view phase, const ProgressReport& report);

}  // namespace localmamba::trainer

#endif  // LOCALMAMBA_TRAINER_PROGRESS_DISPLAY_H_
