// How far a command is: one line on standard error that changes, on a terminal only.
#ifndef LOCALMAMBA_TOOL_PROGRESS_LINE_H_
#define LOCALMAMBA_TOOL_PROGRESS_LINE_H_

#include <unistd.h>

#include <cstdint>
#include <cstdio>

namespace localmamba::tool {

class ProgressLine {
 public:
  explicit ProgressLine(int64_t images) : images_(images) {}
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine() {
    if (shown_) std::fputs("\n", stderr);
  }

  void Show(int64_t done) {
    if (isatty(STDERR_FILENO) == 0) return;
    shown_ = true;
    std::fprintf(stderr, "\r%lld of %lld images", static_cast<long long>(done),
                 static_cast<long long>(images_));
  }

 private:
  int64_t images_;
  bool shown_ = false;
};

}  // namespace localmamba::tool

#endif  // LOCALMAMBA_TOOL_PROGRESS_LINE_H_
