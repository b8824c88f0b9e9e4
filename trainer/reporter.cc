#include "trainer/reporter.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "kernels/base/status_macros.h"

namespace localmamba::trainer {
namespace {

constexpr int kMaxNamed = 5;  // unreadable images

v1::TrainingProgress ToProto(const ProgressReport& report, v1::Phase phase) {
  v1::TrainingProgress proto;
  proto.set_phase(phase);
  proto.set_step(report.step);
  proto.set_total_steps(report.total_steps);
  proto.set_epoch(report.epoch);
  proto.set_loss(report.loss);
  proto.set_learning_rate(report.learning_rate);
  proto.set_images_per_second(report.images_per_second);
  proto.set_seconds_left(report.seconds_left);
  proto.set_peak_memory_bytes(report.peak_memory_bytes);
  proto.set_skipped_steps(report.skipped_steps);
  proto.set_unreadable_images(report.unreadable_images);
  return proto;
}

v1::EpochFinished ToProto(const EpochReport& report, v1::Phase phase) {
  const EpochResult& result = report.result;
  v1::EpochFinished proto;
  proto.set_phase(phase);
  proto.set_epoch(result.epoch);
  proto.set_train_loss(result.train_loss);
  if (result.validation_loss.has_value()) proto.set_validation_loss(*result.validation_loss);
  if (result.top1.has_value()) proto.set_top1(*result.top1);
  if (result.top5.has_value()) proto.set_top5(*result.top5);
  proto.set_seconds(result.seconds);
  for (const DirectionProbabilities& layer : result.directions) {
    v1::DirectionProbabilities* entry = proto.add_directions();
    entry->mutable_probability()->Add(layer.probability.begin(), layer.probability.end());
    entry->set_entropy(layer.entropy);
    entry->set_margin(layer.margin);
  }
  return proto;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Reporter>> Reporter::Create(v1::Phase phase,
                                                           const std::string& folder,
                                                           EventStream& events,
                                                           ProgressDisplay& display) {
  LM_ASSIGN_OR_RETURN(std::unique_ptr<EventFile> file, EventFile::Create(folder, absl::Now()));
  return std::unique_ptr<Reporter>(new Reporter(phase, std::move(file), events, display));
}

void Reporter::OnStart(v1::PhaseStarted started) {
  started.set_phase(phase_);
  display_.ShowLine(absl::StrCat(
      phase_name(), "  ", started.total_epochs(), " epochs of ", started.steps_per_epoch(),
      " steps; images: ", started.train_images(), " to train, ", started.validation_images(),
      " to validate, ", started.classes(), " classes",
      started.first_step() > 0 ? absl::StrCat("; goes on from step ", started.first_step()) : ""));
  v1::TrainerEvent event;
  *event.mutable_phase_started() = std::move(started);
  events_.Send(std::move(event));
}

absl::Status Reporter::OnUnreadableImage(const std::string& why) {
  if (++unreadable_ > kMaxNamed) return absl::OkStatus();
  display_.ShowLine(absl::StrCat("warning: image skipped: ", why));
  if (unreadable_ == kMaxNamed) {
    display_.ShowLine("warning: further images that are skipped are only counted");
  }
  return absl::OkStatus();
}

absl::Status Reporter::OnProgress(const ProgressReport& report) {
  const absl::Time now = absl::Now();
  display_.ShowProgress(phase_name(), report, now);
  v1::TrainerEvent event;
  *event.mutable_progress() = ToProto(report, phase_);
  events_.Send(std::move(event));
  for (const auto& [tag, value] :
       {std::pair("train/loss", report.loss),
        std::pair("train/learning_rate", report.learning_rate),
        std::pair("train/gradient_norm", report.gradient_norm),
        std::pair("train/images_per_second", report.images_per_second)}) {
    LM_RETURN_IF_ERROR(file_->AddScalar(tag, report.step, value, now));
  }
  return absl::OkStatus();
}

absl::Status Reporter::OnEpoch(const EpochReport& report) {
  const absl::Time now = absl::Now();
  display_.ShowEpoch(phase_name(), report);
  v1::TrainerEvent event;
  *event.mutable_epoch_finished() = ToProto(report, phase_);
  events_.Send(std::move(event));
  const EpochResult& result = report.result;
  for (const auto& [tag, value] :
       {std::pair("epoch/train_loss", std::optional(result.train_loss)),
        std::pair("epoch/validation_loss", result.validation_loss),
        std::pair("epoch/top1", result.top1), std::pair("epoch/top5", result.top5)}) {
    if (!value.has_value()) continue;
    LM_RETURN_IF_ERROR(file_->AddScalar(tag, report.step, *value, now));
  }
  for (size_t layer = 0; layer < result.directions.size(); ++layer) {
    const DirectionProbabilities& directions = result.directions[layer];
    const std::string name = absl::StrCat("/layer_", layer);
    LM_RETURN_IF_ERROR(file_->AddBars(absl::StrCat("directions/probability", name), report.step,
                                      directions.probability, now));
    LM_RETURN_IF_ERROR(file_->AddScalar(absl::StrCat("directions/entropy", name), report.step,
                                        directions.entropy, now));
    LM_RETURN_IF_ERROR(file_->AddScalar(absl::StrCat("directions/margin", name), report.step,
                                        directions.margin, now));
  }
  return absl::OkStatus();
}

absl::Status Reporter::OnCheckpoint(const std::string& path, int64_t step) {
  v1::TrainerEvent event;
  event.mutable_checkpoint_written()->set_path(path);
  event.mutable_checkpoint_written()->set_step(step);
  events_.Send(std::move(event));
  return absl::OkStatus();
}

}  // namespace localmamba::trainer
