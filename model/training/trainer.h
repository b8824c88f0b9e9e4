// Trains a network from a recipe: the loop over steps and epochs, with evaluation, checkpoints and
// reports. Goes on from the newest checkpoint; what it then computes is what it would have computed
// without the break, on the same kind of device bit for bit.
#ifndef LOCALMAMBA_MODEL_TRAINING_TRAINER_H_
#define LOCALMAMBA_MODEL_TRAINING_TRAINER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "model/data/batch_source.h"
#include "model/networks/network.h"
#include "model/training/checkpoint_folder.h"
#include "model/training/evaluation.h"
#include "model/training/learning_rate.h"
#include "model/training/train_step.h"
#include "model/training/training_observer.h"

namespace localmamba {

struct TrainerOptions {
  Recipe recipe;  // valid
  Device device = Device::Cpu();
  int cpu_threads = 0;               // of the CPU as a device; 0: all the process may use
  int64_t directions_per_layer = 0;  // that a search will choose; 0: not a supernet
  std::string checkpoint_folder;
  RunIdentity run;
  // Batches from that of `first_step` on. Host memory to put them in outlives them.
  std::function<absl::StatusOr<std::unique_ptr<BatchSource>>(int64_t first_step, Allocator& host)>
      open_training;
  // The validation part from its start; empty: epochs are not evaluated.
  std::function<absl::StatusOr<EvaluationBatches>(Allocator& host)> open_validation;
  std::function<absl::Time()> now = absl::Now;
};

// f32 on a CPU and f16 on a GPU, unless the recipe says otherwise.
DType TrainingDType(const Recipe& recipe, Device device);

class Trainer {
 public:
  // Takes a network whose parameters are filled; a checkpoint replaces their values. observer and
  // stop outlive the trainer. Errors: those of Stream::Create, of `open_training` and of reading
  // checkpoints; FAILED_PRECONDITION if the newest checkpoint is of another run.
  static absl::StatusOr<std::unique_ptr<Trainer>> Create(std::unique_ptr<Network> network,
                                                         TrainerOptions options,
                                                         TrainingObserver& observer,
                                                         const std::atomic<bool>& stop);
  ~Trainer();

  enum class End { kFinished, kStopped };
  // Until all epochs are done, or `stop` is true: it is looked at before every step, and a
  // checkpoint is written then. Errors: ABORTED if training diverged (loss_scaler.h); those of the
  // data, the device, checkpoints and the observer.
  absl::StatusOr<End> Run();

  [[nodiscard]] const TrainingProgress& progress() const { return progress_; }
  [[nodiscard]] int64_t steps_per_epoch() const { return steps_per_epoch_; }
  [[nodiscard]] int64_t total_steps() const { return steps_per_epoch_ * options_.recipe.epochs; }
  // The last one that was written or read; "" if there is none.
  [[nodiscard]] const std::string& checkpoint_path() const { return checkpoint_path_; }
  // Newer files that were no complete checkpoints.
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }
  [[nodiscard]] int64_t peak_memory_bytes() const;
  [[nodiscard]] int64_t unreadable_images() const { return unreadable_; }

  // Weights to publish, in host memory: averaged ones if the recipe has ema_decay.
  [[nodiscard]] absl::StatusOr<NamedTensors> Weights() { return parameters_->Published(); }
  // Per layer of a supernet, from the weights as they are trained.
  [[nodiscard]] absl::StatusOr<std::vector<DirectionProbabilities>> Directions();

 private:
  Trainer(std::unique_ptr<Network> network, TrainerOptions options, TrainingObserver& observer,
          const std::atomic<bool>& stop);

  absl::Status Resume();
  absl::Status Step();
  absl::Status FinishEpoch();
  // Nothing if the run was stopped meanwhile.
  absl::StatusOr<std::optional<TopKAccuracy>> EvaluateNetwork();
  absl::Status WriteCheckpoint();
  absl::Status Report(absl::Time now);
  // Adds the time since the last call to the run's.
  void CountTime();

  // What the next progress report says.
  struct Interval {
    absl::Time start;
    absl::Duration between_epochs;  // not of the rate, which is that of training alone
    int64_t steps = 0;
    int64_t finite_steps = 0;
    double loss_sum = 0;  // of finite_steps
  };

  const TrainerOptions options_;
  const DType dtype_;
  TrainingObserver& observer_;
  const std::atomic<bool>& stop_;
  CheckpointFolder folder_;
  LossScaler scaler_;
  std::unique_ptr<TrainingDevice> device_;  // outlives what follows
  std::unique_ptr<Network> network_;
  std::unique_ptr<TrainedParameters> parameters_;
  std::unique_ptr<TrainStep> step_;
  std::unique_ptr<BatchSource> batches_;
  int64_t steps_per_epoch_ = 0;
  std::optional<LearningRate> learning_rate_;  // made when steps_per_epoch_ is known

  TrainingProgress progress_;
  std::string checkpoint_path_;
  std::vector<std::string> warnings_;
  int64_t unreadable_ = 0;
  double gradient_norm_ = 0;
  Interval interval_;
  absl::Time counted_until_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_TRAINING_TRAINER_H_
