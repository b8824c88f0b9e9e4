#include "client/cli/job_text.h"

#include <array>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "client/cli/chart.h"

namespace localmamba::client {
namespace {

using admin::v1::Job;
using admin::v1::JobState;

constexpr std::array<std::pair<JobState, const char*>, 5> kStates = {{
    {admin::v1::JOB_STATE_QUEUED, "queued"},
    {admin::v1::JOB_STATE_RUNNING, "running"},
    {admin::v1::JOB_STATE_SUCCEEDED, "succeeded"},
    {admin::v1::JOB_STATE_FAILED, "failed"},
    {admin::v1::JOB_STATE_CANCELLED, "cancelled"},
}};

const char* PhaseName(v1::Phase phase) { return phase == v1::PHASE_SEARCH ? "search" : "train"; }

// By the last report of progress, or by an epoch that was finished after it.
void AppendProgress(const Job& job, std::string& line) {
  if (!job.has_phase()) return;
  const v1::Phase phase = job.phase().phase();
  double epoch = job.progress().epoch();
  double loss = job.progress().loss();
  bool known = job.has_progress();
  if (!job.epochs().empty()) {
    const v1::EpochFinished& last = *job.epochs().rbegin();
    if (last.phase() == phase && static_cast<double>(last.epoch()) >= epoch) {
      epoch = static_cast<double>(last.epoch());
      loss = last.train_loss();
      known = true;
    }
  }
  absl::StrAppendFormat(&line, ", %s epoch %.1f/%d", PhaseName(phase), epoch,
                        job.phase().total_epochs());
  if (known) absl::StrAppendFormat(&line, ", loss %.4f", loss);
}

// Of the last epoch that was evaluated. Nothing if only a supernet was, which is not the result.
void AppendAccuracy(const Job& job, std::string& line) {
  if (job.state() == admin::v1::JOB_STATE_SUCCEEDED && job.version() == 0) return;
  for (int i = job.epochs_size() - 1; i >= 0; --i) {
    if (!job.epochs(i).has_top1()) continue;
    absl::StrAppendFormat(&line, ", top-1 %.2f%%", 100 * job.epochs(i).top1());
    return;
  }
}

std::string CurveOf(const Job& job, v1::Phase phase) {
  ChartSeries train_loss{'*', "training loss", {}};
  ChartSeries validation_loss{'o', "validation loss", {}};
  ChartSeries top1{'+', "top-1 accuracy", {}};
  for (const v1::EpochFinished& epoch : job.epochs()) {
    if (epoch.phase() != phase) continue;
    const auto x = static_cast<double>(epoch.epoch());
    train_loss.points.emplace_back(x, epoch.train_loss());
    if (epoch.has_validation_loss()) {
      validation_loss.points.emplace_back(x, epoch.validation_loss());
    }
    if (epoch.has_top1()) top1.points.emplace_back(x, epoch.top1());
  }
  if (train_loss.points.size() < 2) return "";
  return absl::StrCat(PhaseName(phase), "\n", DrawChart({train_loss, validation_loss}, "epoch"),
                      DrawChart({top1}, "epoch"));
}

}  // namespace

std::string StateName(JobState state) {
  for (const auto& [value, name] : kStates) {
    if (value == state) return name;
  }
  return "unspecified";
}

JobState ParseState(absl::string_view name) {
  for (const auto& [value, known] : kStates) {
    if (name == known) return value;
  }
  return admin::v1::JOB_STATE_UNSPECIFIED;
}

bool HasEnded(const Job& job) {
  return job.state() != admin::v1::JOB_STATE_QUEUED && job.state() != admin::v1::JOB_STATE_RUNNING;
}

std::string JobLine(const Job& job) {
  std::string line = absl::StrCat(job.id(), " ", StateName(job.state()));
  const bool runs = job.state() == admin::v1::JOB_STATE_RUNNING;
  if (runs) absl::StrAppend(&line, " on ", job.device());
  if (job.cancel_requested()) absl::StrAppend(&line, " (is about to stop)");
  AppendProgress(job, line);
  AppendAccuracy(job, line);
  if (runs && job.has_progress()) {
    const absl::Duration left = absl::Seconds(static_cast<int64_t>(job.progress().seconds_left()));
    absl::StrAppendFormat(&line, ", %.0f images/s, %s left", job.progress().images_per_second(),
                          absl::FormatDuration(left));
  }
  if (job.version() != 0) {
    absl::StrAppend(&line, ", version ", job.version(), " of ", job.model());
  }
  if (!job.message().empty()) absl::StrAppend(&line, ": ", job.message());
  return line;
}

std::string LearningCurve(const Job& job) {
  return absl::StrCat(CurveOf(job, v1::PHASE_SEARCH), CurveOf(job, v1::PHASE_TRAIN));
}

}  // namespace localmamba::client
