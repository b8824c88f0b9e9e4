// The float32 parameters of a network on the device it is trained on, with the state of AdamW and,
// if wanted, a moving average.
#ifndef LOCALMAMBA_MODEL_TRAINING_TRAINED_PARAMETERS_H_
#define LOCALMAMBA_MODEL_TRAINING_TRAINED_PARAMETERS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "model/training/recipe.h"
#include "model/training/tensor_block.h"
#include "model/training/training_device.h"
#include "model/weights/host_tensor.h"
#include "model/weights/parameter_set.h"

namespace localmamba {

// From Create to destruction the values of the network's parameters are tensors of this object.
class TrainedParameters {
 public:
  // Copies the values of `parameters`, all in host memory, to the device. `parameters` and `device`
  // outlive the result. Errors: FAILED_PRECONDITION naming a parameter without a value;
  // RESOURCE_EXHAUSTED.
  static absl::StatusOr<std::unique_ptr<TrainedParameters>> Create(ParameterSet& parameters,
                                                                   const Recipe& recipe,
                                                                   TrainingDevice& device);

  // The parameters that are trained; gradients are in this order.
  [[nodiscard]] const std::vector<Parameter*>& trained() const { return trained_; }

  struct StepOptions {
    double learning_rate = 0;
    double unscale = 1;  // what gradients are multiplied with first
  };
  // One step of AdamW, then of the average. gradients: float32, dense; an empty one leaves its
  // parameter as it is. If some gradient is not finite no parameter changes. Enqueues and does not
  // wait. Errors: those of the kernels.
  absl::Status Step(absl::Span<const Tensor> gradients, const StepOptions& options);

  // L2 norm of the last Step's gradients, before unscaling: a float32 scalar on the device, not
  // finite if some gradient is not.
  [[nodiscard]] const Tensor& gradient_norm() const { return gradient_norm_; }

  // Gives the network the averaged values, if there is an average, or the trained ones again.
  void UseAverage();
  void UseTrained();

  // Everything that a checkpoint needs (checkpoint.h), in host memory. Waits.
  [[nodiscard]] absl::StatusOr<NamedTensors> Export();
  // The inverse. steps: steps of AdamW that were not skipped. Errors: FAILED_PRECONDITION naming a
  // tensor that is missing, unexpected or of another shape. Waits.
  absl::Status Import(const NamedTensors& tensors, int64_t steps);

  // The values to publish under the names of the parameters, buffers too, in host memory: the
  // average if there is one. Waits.
  [[nodiscard]] absl::StatusOr<NamedTensors> Published();

  // A trained parameter's value in host memory. Waits.
  [[nodiscard]] absl::StatusOr<Tensor> ToHost(const Parameter& parameter);

 private:
  // One tensor for each trained parameter, and its name in checkpoints.
  struct Part {
    std::string name;
    TensorBlock block;
  };

  TrainedParameters(ParameterSet& parameters, const Recipe& recipe, TrainingDevice& device);
  absl::Status MoveParameters();
  absl::Status AllocateState();
  [[nodiscard]] absl::StatusOr<TensorBlock> CopyToHost(const TensorBlock& block);
  [[nodiscard]] std::vector<Shape> Shapes() const;

  ParameterSet& parameters_;
  const OptimizerConfig optimizer_;
  const double ema_decay_;
  TrainingDevice& device_;
  std::vector<Parameter*> trained_;
  std::vector<bool> decays_;  // of trained_

  // values, first moments, second moments and, if ema_decay_ > 0, averages
  std::vector<Part> parts_;
  Tensor steps_;          // int64 scalar
  Tensor gradient_norm_;  // float32 scalar
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_TRAINING_TRAINED_PARAMETERS_H_
