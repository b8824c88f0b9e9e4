#include "trainer/progress_display.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace localmamba::trainer {
namespace {

constexpr absl::Duration kLogInterval = absl::Seconds(10);
constexpr int kBarLength = 20;
constexpr absl::string_view kEraseLine = "\r\033[K";

std::string Bar(double share) {
  const int filled = static_cast<int>(std::clamp(share, 0.0, 1.0) * kBarLength);
  return absl::StrCat("[", std::string(static_cast<size_t>(filled), '#'),
                      std::string(static_cast<size_t>(kBarLength - filled), '-'), "]");
}

// "1:02:03"
std::string Clock(double seconds) {
  const auto whole = static_cast<int64_t>(std::max(0.0, std::round(seconds)));
  return absl::StrFormat("%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
}

}  // namespace

std::string FormatProgress(absl::string_view phase, const ProgressReport& report) {
  const double share = static_cast<double>(report.step) /
                       static_cast<double>(std::max<int64_t>(report.total_steps, 1));
  std::string text = absl::StrFormat(
      "%s  epoch %.2f  %s  step %d/%d  loss %.4f  rate %.3g  %.0f images/s  %s left", phase,
      report.epoch, Bar(share), report.step, report.total_steps, report.loss, report.learning_rate,
      report.images_per_second, Clock(report.seconds_left));
  if (report.skipped_steps > 0) absl::StrAppend(&text, "  skipped ", report.skipped_steps);
  if (report.unreadable_images > 0) {
    absl::StrAppend(&text, "  unreadable ", report.unreadable_images);
  }
  return text;
}

void ProgressDisplay::ShowProgress(absl::string_view phase, const ProgressReport& report,
                                   absl::Time now) {
  const std::string text = FormatProgress(phase, report);
  if (is_terminal_) {
    absl::FPrintF(out_, "%s%s", kEraseLine, text);
    std::fflush(out_);
  } else if (now - last_line_ >= kLogInterval) {
    ShowLine(text);
    last_line_ = now;
  }
}

void ProgressDisplay::ShowEpoch(absl::string_view phase, const EpochReport& report) {
  const EpochResult& result = report.result;
  std::string text =
      absl::StrFormat("%s  epoch %d done  loss %.4f", phase, result.epoch, result.train_loss);
  if (result.top1.has_value()) {
    absl::StrAppendFormat(&text, "  validation loss %.4f  top-1 %.2f%%  top-5 %.2f%%",
                          result.validation_loss.value_or(NAN), 100 * *result.top1,
                          100 * result.top5.value_or(NAN));
  }
  if (report.unreadable_images > 0) {
    absl::StrAppend(&text, "  unreadable ", report.unreadable_images);
  }
  ShowLine(absl::StrCat(text, "  ", Clock(result.seconds)));
}

void ProgressDisplay::ShowLine(absl::string_view text) {
  absl::FPrintF(out_, "%s%s\n", is_terminal_ ? kEraseLine : "", text);
  std::fflush(out_);
}

}  // namespace localmamba::trainer
