// Passes what happens in a phase of a run on: to the reader of events, to TensorBoard files and to
// the person who watches.
#ifndef LOCALMAMBA_TRAINER_REPORTER_H_
#define LOCALMAMBA_TRAINER_REPORTER_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "localmamba/v1/trainer_event.pb.h"
#include "model/training/event_file.h"
#include "model/training/training_observer.h"
#include "trainer/event_stream.h"
#include "trainer/progress_display.h"

namespace localmamba::trainer {

class Reporter final : public TrainingObserver {
 public:
  // Makes an event file in `folder`. events and display outlive the object. Errors: those of
  // EventFile::Create.
  static absl::StatusOr<std::unique_ptr<Reporter>> Create(v1::Phase phase,
                                                          const std::string& folder,
                                                          EventStream& events,
                                                          ProgressDisplay& display);

  // Fills in the phase.
  void OnStart(v1::PhaseStarted started);
  absl::Status OnUnreadableImage(const std::string& why) override;
  absl::Status OnProgress(const ProgressReport& report) override;
  absl::Status OnEpoch(const EpochReport& report) override;
  absl::Status OnCheckpoint(const std::string& path, int64_t step) override;

 private:
  Reporter(v1::Phase phase, std::unique_ptr<EventFile> file, EventStream& events,
           ProgressDisplay& display)
      : phase_(phase), file_(std::move(file)), events_(events), display_(display) {}

  [[nodiscard]] absl::string_view phase_name() const {
    return phase_ == v1::PHASE_SEARCH ? "search" : "train";
  }

  const v1::Phase phase_;
  const std::unique_ptr<EventFile> file_;
  EventStream& events_;
  ProgressDisplay& display_;
  int unreadable_ = 0;  // images that OnUnreadableImage has been called for
};

}  // namespace localmamba::trainer

#endif  // LOCALMAMBA_TRAINER_REPORTER_H_
