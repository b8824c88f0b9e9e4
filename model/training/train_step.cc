#include "model/training/train_step.h"

#include <cmath>

#include "absl/cleanup/cleanup.h"
#include "kernels/base/status_macros.h"
#include "kernels/elementwise/accumulate.h"
#include "model/autograd/operations.h"
#include "model/autograd/tape.h"
#include "model/training/stochastic_depth.h"

namespace localmamba {
namespace {

TensorView Row(const Tensor& tensor) { return tensor.view().Reshape({1, tensor.elements()}); }

}  // namespace

absl::StatusOr<std::unique_ptr<TrainStep>> TrainStep::Create(Network& network,
                                                             TrainedParameters& parameters,
                                                             const Recipe& recipe, DType dtype,
                                                             TrainingDevice& device) {
  std::unique_ptr<TrainStep> step(new TrainStep(network, parameters, recipe, dtype, device));
  const auto allocate = [](Allocator& allocator, const Shape& shape) {
    return Tensor::Allocate(allocator, DType::kFloat32, shape);
  };
  const Shape parts{recipe.accumulation_steps};
  LM_ASSIGN_OR_RETURN(step->loss_gradient_, allocate(device.state(), {}));
  LM_ASSIGN_OR_RETURN(step->host_loss_gradient_, allocate(device.host(), {}));
  LM_ASSIGN_OR_RETURN(step->losses_, allocate(device.state(), parts));
  LM_ASSIGN_OR_RETURN(step->host_losses_, allocate(device.host(), parts));
  LM_ASSIGN_OR_RETURN(step->host_norm_, allocate(device.host(), {}));
  return step;
}

absl::StatusOr<StepResult> TrainStep::Run(const TrainingBatch& batch, int64_t step,
                                          const Options& options) {
  Stream& stream = device_.stream();
  // The gradients lie in the arena, which the next step uses from the start.
  const absl::Cleanup release = [this] {
    gradients_.clear();
    factors_ = Tensor();
  };
  *host_loss_gradient_.data<float>() =
      static_cast<float>(options.loss_scale / static_cast<double>(recipe_.accumulation_steps));
  LM_RETURN_IF_ERROR(Copy(host_loss_gradient_, loss_gradient_, stream));
  LM_RETURN_IF_ERROR(CopyFactors(batch.images.dim(0), step));
  for (int64_t i = 0; i < recipe_.accumulation_steps; ++i) {
    LM_ASSIGN_OR_RETURN(const Part part, CopyPart(batch, i));
    LM_RETURN_IF_ERROR(Differentiate(part));
  }
  LM_RETURN_IF_ERROR(parameters_.Step(
      gradients_, {.learning_rate = options.learning_rate, .unscale = 1 / options.loss_scale}));
  LM_RETURN_IF_ERROR(Copy(losses_, host_losses_, stream));
  LM_RETURN_IF_ERROR(Copy(parameters_.gradient_norm(), host_norm_, stream));
  LM_RETURN_IF_ERROR(stream.Synchronize());

  StepResult result;
  for (int64_t i = 0; i < recipe_.accumulation_steps; ++i) {
    result.loss += host_losses_.data<float>()[i] / static_cast<double>(recipe_.accumulation_steps);
  }
  const double scaled_norm = *host_norm_.data<float>();
  result.finite = std::isfinite(scaled_norm);
  result.gradient_norm = scaled_norm / options.loss_scale;
  return result;
}

absl::Status TrainStep::CopyFactors(int64_t images, int64_t step) {
  if (recipe_.drop_path == 0) return absl::OkStatus();
  const int64_t depth = network_.depth();
  host_factors_ =
      BranchFactors(recipe_.drop_path, depth, images, static_cast<uint64_t>(recipe_.seed), step);
  LM_ASSIGN_OR_RETURN(factors_,
                      Tensor::Allocate(device_.arena(), DType::kFloat32, {depth, images}));
  return Copy(ConstTensorView(host_factors_.data(), DType::kFloat32, factors_.shape()), factors_,
              device_.stream());
}

absl::StatusOr<TrainStep::Part> TrainStep::CopyPart(const TrainingBatch& batch, int64_t index) {
  const int64_t size = batch.images.dim(0) / recipe_.accumulation_steps;
  const auto copy = [&](const Tensor& whole) -> absl::StatusOr<Tensor> {
    const Tensor source = whole.Slice(0, index * size, (index + 1) * size);
    LM_ASSIGN_OR_RETURN(Tensor part,
                        Tensor::Allocate(device_.arena(), DType::kFloat32, source.shape()));
    LM_RETURN_IF_ERROR(Copy(source, part, device_.stream()));
    return part;
  };
  Part part{.index = index};
  LM_ASSIGN_OR_RETURN(part.images, copy(batch.images));
  LM_ASSIGN_OR_RETURN(part.targets, copy(batch.targets));
  if (!factors_.empty()) part.branch_factors = factors_.Slice(1, index * size, (index + 1) * size);
  return part;
}

absl::Status TrainStep::Differentiate(const Part& part) {
  Tape tape;
  OpContext context{device_.stream(), device_.arena(), dtype_};
  context.tape = &tape;
  std::vector<Value> leaves;
  for (Parameter* parameter : parameters_.trained()) {
    leaves.push_back(tape.Leaf(parameter->value));
    parameter->value = leaves.back();
  }
  const absl::Cleanup restore = [this] { parameters_.UseTrained(); };
  LM_RETURN_IF_ERROR(network_.Pack(context));

  ForwardOptions options{.branch_factors = {}, .recompute = recipe_.checkpoint_activations};
  for (int64_t l = 0; l < network_.depth() && !part.branch_factors.empty(); ++l) {
    // The first layer is never dropped.
    options.branch_factors.push_back(l == 0 ? Value() : Value(part.branch_factors.Select(0, l)));
  }
  LM_ASSIGN_OR_RETURN(const Value images, ops::Convert(context, Value(part.images), dtype_));
  LM_ASSIGN_OR_RETURN(const NetworkOutput output, network_.Forward(context, images, options));
  LM_ASSIGN_OR_RETURN(const Value loss,
                      ops::SoftmaxCrossEntropy(context, output.logits, Value(part.targets)));
  LM_RETURN_IF_ERROR(Copy(loss.tensor(), losses_.Select(0, part.index), device_.stream()));
  LM_ASSIGN_OR_RETURN(Tensor gradient, Tensor::Allocate(device_.arena(), DType::kFloat32, {}));
  LM_RETURN_IF_ERROR(Copy(loss_gradient_, gradient, device_.stream()));
  LM_RETURN_IF_ERROR(tape.Backward(context, loss, std::move(gradient)));

  std::vector<Tensor> gradients;
  for (const Value& leaf : leaves) gradients.push_back(tape.Gradient(leaf));
  return Gather(std::move(gradients), /*first=*/part.index == 0);
}

absl::Status TrainStep::Gather(std::vector<Tensor> gradients, bool first) {
  if (first) {
    gradients_ = std::move(gradients);
    return absl::OkStatus();
  }
  for (size_t i = 0; i < gradients.size(); ++i) {
    if (gradients[i].empty()) continue;
    LM_RETURN_IF_ERROR(Accumulate(Row(gradients[i]), Row(gradients_[i]), device_.stream()));
  }
  return absl::OkStatus();
}

}  // namespace localmamba
