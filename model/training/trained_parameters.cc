#include "model/training/trained_parameters.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kernels/base/check.h"
#include "kernels/base/status_macros.h"
#include "kernels/optim/adamw.h"
#include "kernels/optim/ema.h"
#include "kernels/optim/gradient_norm.h"
#include "model/training/parameter_groups.h"

namespace localmamba {
namespace {

// Places in parts_.
constexpr size_t kValues = 0;
constexpr size_t kFirstMoments = 1;
constexpr size_t kSecondMoments = 2;
constexpr size_t kAverages = 3;

std::string TensorName(const std::string& part, const Parameter& parameter) {
  return absl::StrCat(part, "/", parameter.name);
}

}  // namespace

TrainedParameters::TrainedParameters(ParameterSet& parameters, const Recipe& recipe,
                                     TrainingDevice& device)
    : parameters_(parameters),
      optimizer_(recipe.optimizer),
      ema_decay_(recipe.ema_decay),
      device_(device) {
  for (Parameter& parameter : parameters.parameters()) {
    if (!parameter.trainable) continue;
    trained_.push_back(&parameter);
    decays_.push_back(HasWeightDecay(parameter));
  }
}

absl::StatusOr<std::unique_ptr<TrainedParameters>> TrainedParameters::Create(
    ParameterSet& parameters, const Recipe& recipe, TrainingDevice& device) {
  for (const Parameter& parameter : parameters.parameters()) {
    if (parameter.value.empty()) {
      return absl::FailedPreconditionError(absl::StrCat(
          "parameter \"", parameter.name, "\" has no value: load or initialise first"));
    }
  }
  std::unique_ptr<TrainedParameters> result(new TrainedParameters(parameters, recipe, device));
  LM_RETURN_IF_ERROR(result->AllocateState());
  LM_RETURN_IF_ERROR(result->MoveParameters());
  return result;
}

std::vector<Shape> TrainedParameters::Shapes() const {
  std::vector<Shape> shapes;
  for (const Parameter* parameter : trained_) shapes.push_back(parameter->shape);
  return shapes;
}

absl::Status TrainedParameters::AllocateState() {
  std::vector<std::string> names = {"parameter", "exp_avg", "exp_avg_sq"};
  if (ema_decay_ > 0) names.emplace_back("ema");
  for (std::string& name : names) {
    LM_ASSIGN_OR_RETURN(TensorBlock block, TensorBlock::Allocate(device_.state(), Shapes()));
    // The gaps between parts too, which are copied with them.
    LM_RETURN_IF_ERROR(device_.stream().ZeroBytes(
        block.all.view().raw_data(), static_cast<size_t>(block.all.elements()) * sizeof(float)));
    parts_.push_back({std::move(name), std::move(block)});
  }
  LM_ASSIGN_OR_RETURN(steps_, Tensor::Allocate(device_.state(), DType::kInt64, {}));
  LM_RETURN_IF_ERROR(device_.stream().ZeroBytes(steps_.view().raw_data(), sizeof(int64_t)));
  LM_ASSIGN_OR_RETURN(gradient_norm_, Tensor::Allocate(device_.state(), DType::kFloat32, {}));
  return absl::OkStatus();
}

absl::Status TrainedParameters::MoveParameters() {
  Stream& stream = device_.stream();
  for (size_t i = 0; i < trained_.size(); ++i) {
    LM_RETURN_IF_ERROR(Copy(trained_[i]->value.tensor(), parts_[kValues].block.parts[i], stream));
  }
  for (Parameter& parameter : parameters_.parameters()) {
    if (parameter.trainable) continue;
    LM_ASSIGN_OR_RETURN(Tensor buffer,
                        Tensor::Allocate(device_.state(), DType::kFloat32, parameter.shape));
    LM_RETURN_IF_ERROR(Copy(parameter.value.tensor(), buffer, stream));
    LM_RETURN_IF_ERROR(stream.Synchronize());  // before the host's memory may go
    parameter.value = Value(std::move(buffer));
  }
  if (ema_decay_ > 0) {
    LM_RETURN_IF_ERROR(Copy(parts_[kValues].block.all, parts_[kAverages].block.all, stream));
  }
  LM_RETURN_IF_ERROR(stream.Synchronize());
  UseTrained();
  return absl::OkStatus();
}

absl::Status TrainedParameters::Step(absl::Span<const Tensor> gradients,
                                     const StepOptions& options) {
  LM_CHECK(gradients.size() == trained_.size());
  std::vector<ConstTensorView> present;
  std::vector<AdamWTensor> tensors;
  std::vector<EmaTensor> averages;
  for (size_t i = 0; i < gradients.size(); ++i) {
    const Tensor& value = parts_[kValues].block.parts[i];
    if (ema_decay_ > 0) averages.push_back({value, parts_[kAverages].block.parts[i]});
    if (gradients[i].empty()) continue;
    present.push_back(gradients[i]);
    tensors.push_back({.parameter = value,
                       .gradient = gradients[i],
                       .first_moment = parts_[kFirstMoments].block.parts[i],
                       .second_moment = parts_[kSecondMoments].block.parts[i],
                       .weight_decay = decays_[i] ? optimizer_.weight_decay : 0});
  }
  LM_RETURN_IF_ERROR(GradientNorm(present, gradient_norm_, device_.stream()));
  LM_RETURN_IF_ERROR(AdamW({.tensors = tensors,
                            .steps = steps_,
                            .gradient_norm = gradient_norm_,
                            .learning_rate = options.learning_rate,
                            .beta1 = optimizer_.beta1,
                            .beta2 = optimizer_.beta2,
                            .epsilon = optimizer_.epsilon,
                            .unscale = options.unscale,
                            .max_norm = optimizer_.clip_norm},
                           device_.stream()));
  if (averages.empty()) return absl::OkStatus();
  return UpdateEma(averages, ema_decay_, device_.stream());
}

void TrainedParameters::UseTrained() {
  for (size_t i = 0; i < trained_.size(); ++i) {
    trained_[i]->value = Value(parts_[kValues].block.parts[i]);
  }
}

void TrainedParameters::UseAverage() {
  if (ema_decay_ == 0) return;
  for (size_t i = 0; i < trained_.size(); ++i) {
    trained_[i]->value = Value(parts_[kAverages].block.parts[i]);
  }
}

absl::StatusOr<TensorBlock> TrainedParameters::CopyToHost(const TensorBlock& block) {
  LM_ASSIGN_OR_RETURN(TensorBlock host, TensorBlock::AllocateOnHost(Shapes()));
  LM_RETURN_IF_ERROR(Copy(block.all, host.all, device_.stream()));
  LM_RETURN_IF_ERROR(device_.stream().Synchronize());
  return host;
}

absl::StatusOr<NamedTensors> TrainedParameters::Export() {
  NamedTensors tensors;
  for (const Part& part : parts_) {
    LM_ASSIGN_OR_RETURN(const TensorBlock host, CopyToHost(part.block));
    for (size_t i = 0; i < trained_.size(); ++i) {
      tensors.emplace(TensorName(part.name, *trained_[i]), host.parts[i]);
    }
  }
  return tensors;
}

absl::Status TrainedParameters::Import(const NamedTensors& tensors, int64_t steps) {
  if (tensors.size() != parts_.size() * trained_.size()) {
    return absl::FailedPreconditionError(absl::StrCat("the checkpoint has ", tensors.size(),
                                                      " tensors, wanted ",
                                                      parts_.size() * trained_.size()));
  }
  Stream& stream = device_.stream();
  for (const Part& part : parts_) {
    for (size_t i = 0; i < trained_.size(); ++i) {
      const std::string name = TensorName(part.name, *trained_[i]);
      const auto found = tensors.find(name);
      if (found == tensors.end() || found->second.dtype() != DType::kFloat32 ||
          found->second.shape() != trained_[i]->shape) {
        return absl::FailedPreconditionError(
            absl::StrCat("tensor \"", name, "\" of the checkpoint is ",
                         found == tensors.end() ? "missing" : Describe(found->second.view()),
                         ", wanted f32", trained_[i]->shape.ToString()));
      }
      LM_RETURN_IF_ERROR(Copy(found->second, part.block.parts[i], stream));
    }
  }
  LM_RETURN_IF_ERROR(Copy(ConstTensorView(&steps, DType::kInt64, Shape()), steps_, stream));
  return stream.Synchronize();
}

absl::StatusOr<NamedTensors> TrainedParameters::Published() {
  const Part& part = ema_decay_ > 0 ? parts_[kAverages] : parts_[kValues];
  LM_ASSIGN_OR_RETURN(const TensorBlock host, CopyToHost(part.block));
  NamedTensors tensors;
  for (size_t i = 0; i < trained_.size(); ++i) tensors.emplace(trained_[i]->name, host.parts[i]);
  for (const Parameter& parameter : parameters_.parameters()) {
    if (parameter.trainable) continue;
    LM_ASSIGN_OR_RETURN(tensors[parameter.name], ToHost(parameter));
  }
  return tensors;
}

absl::StatusOr<Tensor> TrainedParameters::ToHost(const Parameter& parameter) {
  LM_ASSIGN_OR_RETURN(Tensor host, AllocateHostTensor(DType::kFloat32, parameter.shape));
  LM_RETURN_IF_ERROR(Copy(parameter.value.tensor(), host, device_.stream()));
  LM_RETURN_IF_ERROR(device_.stream().Synchronize());
  return host;
}

}  // namespace localmamba
