#include "model/training/trainer.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"

namespace localmamba {
namespace {

constexpr absl::Duration kReportInterval = absl::Seconds(1);

double Mean(double sum, int64_t count) {
  return count == 0 ? NAN : sum / static_cast<double>(count);
}

}  // namespace

DType TrainingDType(const Recipe& recipe, Device device) {
  return recipe.dtype.value_or(device.is_cpu() ? DType::kFloat32 : DType::kFloat16);
}

Trainer::Trainer(std::unique_ptr<Network> network, TrainerOptions options,
                 TrainingObserver& observer, const std::atomic<bool>& stop)
    : options_(std::move(options)),
      dtype_(TrainingDType(options_.recipe, options_.device)),
      observer_(observer),
      stop_(stop),
      folder_(options_.checkpoint_folder, options_.recipe.checkpoints),
      scaler_(dtype_),
      network_(std::move(network)) {}

Trainer::~Trainer() = default;

absl::StatusOr<std::unique_ptr<Trainer>> Trainer::Create(std::unique_ptr<Network> network,
                                                         TrainerOptions options,
                                                         TrainingObserver& observer,
                                                         const std::atomic<bool>& stop) {
  std::unique_ptr<Trainer> trainer(
      new Trainer(std::move(network), std::move(options), observer, stop));
  const TrainerOptions& given = trainer->options_;
  LM_ASSIGN_OR_RETURN(trainer->device_, TrainingDevice::Create(given.device, given.cpu_threads));
  LM_ASSIGN_OR_RETURN(
      trainer->parameters_,
      TrainedParameters::Create(trainer->network_->parameters(), given.recipe, *trainer->device_));
  LM_ASSIGN_OR_RETURN(trainer->step_,
                      TrainStep::Create(*trainer->network_, *trainer->parameters_, given.recipe,
                                        trainer->dtype_, *trainer->device_));
  LM_RETURN_IF_ERROR(trainer->Resume());
  LM_ASSIGN_OR_RETURN(trainer->batches_,
                      given.open_training(trainer->progress_.step, trainer->device_->host()));
  trainer->steps_per_epoch_ = trainer->batches_->steps_per_epoch();
  trainer->learning_rate_.emplace(given.recipe, trainer->steps_per_epoch_);
  return trainer;
}

absl::Status Trainer::Resume() {
  LM_ASSIGN_OR_RETURN(CheckpointFolder::Found found, folder_.FindNewest());
  warnings_ = std::move(found.warnings);
  if (!found.newest.has_value()) return absl::OkStatus();
  LM_RETURN_IF_ERROR(Annotate(CheckSameRun(found.newest->run, options_.run), found.path));
  progress_ = std::move(found.newest->progress);
  scaler_.Restore(progress_.scaler);
  checkpoint_path_ = std::move(found.path);
  return Annotate(
      parameters_->Import(found.newest->tensors, progress_.step - progress_.scaler.skipped_steps),
      checkpoint_path_);
}

absl::StatusOr<Trainer::End> Trainer::Run() {
  counted_until_ = options_.now();
  interval_ = {.start = counted_until_};
  while (progress_.step < total_steps() || progress_.epoch_steps == steps_per_epoch_) {
    if (stop_) {
      LM_RETURN_IF_ERROR(WriteCheckpoint());
      return End::kStopped;
    }
    // After a stop within the evaluation of an epoch, it is done on going on.
    if (progress_.epoch_steps == steps_per_epoch_) {
      LM_RETURN_IF_ERROR(FinishEpoch());
      continue;
    }
    LM_RETURN_IF_ERROR(Step());
    const int64_t every = options_.recipe.checkpoints.every_steps;
    if (every > 0 && progress_.step % every == 0 && progress_.epoch_steps < steps_per_epoch_) {
      LM_RETURN_IF_ERROR(WriteCheckpoint());
    }
    const absl::Time now = options_.now();
    if (now - interval_.start >= kReportInterval || progress_.step == total_steps()) {
      LM_RETURN_IF_ERROR(Report(now));
    }
  }
  return End::kFinished;
}

absl::Status Trainer::Step() {
  LM_ASSIGN_OR_RETURN(const TrainingBatch batch, batches_->Next());
  unreadable_ = batch.unreadable;
  for (const std::string& why : batch.newly_unreadable) {
    LM_RETURN_IF_ERROR(observer_.OnUnreadableImage(why));
  }
  LM_ASSIGN_OR_RETURN(const StepResult result,
                      step_->Run(batch, progress_.step,
                                 {.learning_rate = learning_rate_->At(progress_.step),
                                  .loss_scale = scaler_.scale()}));
  LM_RETURN_IF_ERROR(scaler_.Update(result.finite, progress_.step));
  if (result.finite) {
    gradient_norm_ = result.gradient_norm;
    interval_.loss_sum += result.loss;
    ++interval_.finite_steps;
    progress_.epoch_loss_sum += result.loss;
    ++progress_.epoch_finite_steps;
  }
  ++interval_.steps;
  ++progress_.epoch_steps;
  ++progress_.step;
  return absl::OkStatus();
}

absl::Status Trainer::FinishEpoch() {
  const absl::Time begin = options_.now();
  const auto epoch = static_cast<int64_t>(progress_.epochs.size()) + 1;
  EpochReport report{.step = progress_.step, .unreadable_images = unreadable_};
  report.result = {.epoch = epoch,
                   .train_loss = Mean(progress_.epoch_loss_sum, progress_.epoch_finite_steps)};
  const bool is_last = epoch == options_.recipe.epochs;
  if (options_.open_validation && (is_last || epoch % options_.recipe.evaluate_every == 0)) {
    LM_ASSIGN_OR_RETURN(const std::optional<TopKAccuracy> accuracy, EvaluateNetwork());
    if (!accuracy.has_value()) return absl::OkStatus();
    report.result.validation_loss = accuracy->loss();
    report.result.top1 = accuracy->top1();
    report.result.top5 = accuracy->top5();
  }
  LM_ASSIGN_OR_RETURN(report.result.directions, Directions());
  CountTime();
  report.result.seconds = progress_.epoch_seconds;
  progress_.epochs.push_back(report.result);
  progress_.epoch_loss_sum = 0;
  progress_.epoch_steps = 0;
  progress_.epoch_finite_steps = 0;
  progress_.epoch_seconds = 0;
  LM_RETURN_IF_ERROR(observer_.OnEpoch(report));
  LM_RETURN_IF_ERROR(WriteCheckpoint());
  interval_.between_epochs += options_.now() - begin;
  return absl::OkStatus();
}

absl::StatusOr<std::optional<TopKAccuracy>> Trainer::EvaluateNetwork() {
  LM_ASSIGN_OR_RETURN(const EvaluationBatches batches, options_.open_validation(device_->host()));
  parameters_->UseAverage();
  auto accuracy = Evaluate(*network_, dtype_, *device_, batches, stop_);
  parameters_->UseTrained();
  return accuracy;
}

absl::StatusOr<std::vector<DirectionProbabilities>> Trainer::Directions() {
  std::vector<DirectionProbabilities> directions;
  if (options_.directions_per_layer == 0) return directions;
  for (const Parameter* parameter : parameters_->trained()) {
    if (!IsDirectionWeights(parameter->name)) continue;
    LM_ASSIGN_OR_RETURN(const Tensor alpha, parameters_->ToHost(*parameter));
    directions.push_back(
        ComputeDirectionProbabilities({alpha.data<float>(), static_cast<size_t>(alpha.elements())},
                                      options_.directions_per_layer));
  }
  return directions;
}

absl::Status Trainer::WriteCheckpoint() {
  CountTime();
  progress_.scaler = scaler_.state();
  Checkpoint checkpoint{.run = options_.run, .progress = progress_};
  LM_ASSIGN_OR_RETURN(checkpoint.tensors, parameters_->Export());
  LM_ASSIGN_OR_RETURN(checkpoint_path_, folder_.Write(checkpoint));
  return observer_.OnCheckpoint(checkpoint_path_, progress_.step);
}

absl::Status Trainer::Report(absl::Time now) {
  const double seconds = absl::ToDoubleSeconds(now - interval_.start - interval_.between_epochs);
  const auto images = static_cast<double>(interval_.steps * options_.recipe.batch_size);
  const double rate = seconds > 0 ? images / seconds : 0;
  const auto images_left =
      static_cast<double>((total_steps() - progress_.step) * options_.recipe.batch_size);
  const ProgressReport report{
      .step = progress_.step,
      .total_steps = total_steps(),
      .epoch = static_cast<double>(progress_.step) / static_cast<double>(steps_per_epoch_),
      .loss = Mean(interval_.loss_sum, interval_.finite_steps),
      .learning_rate = learning_rate_->At(progress_.step - 1),
      .gradient_norm = gradient_norm_,
      .images_per_second = rate,
      .seconds_left = rate > 0 ? images_left / rate : 0,
      .peak_memory_bytes = peak_memory_bytes(),
      .skipped_steps = scaler_.state().skipped_steps,
      .unreadable_images = unreadable_};
  interval_ = {.start = now};
  return observer_.OnProgress(report);
}

void Trainer::CountTime() {
  const absl::Time now = options_.now();
  const double seconds = absl::ToDoubleSeconds(now - counted_until_);
  progress_.seconds += seconds;
  progress_.epoch_seconds += seconds;
  counted_until_ = now;
}

int64_t Trainer::peak_memory_bytes() const { return static_cast<int64_t>(device_->peak_bytes()); }

}  // namespace localmamba
