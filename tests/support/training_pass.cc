#include "tests/support/training_pass.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "kernels/base/check.h"
#include "model/autograd/operations.h"
#include "model/autograd/tape.h"
#include "tests/support/deterministic.h"

namespace localmamba {
namespace {

constexpr float kLossScale = 1024;

template <class T>
T Checked(absl::StatusOr<T> result) {
  LM_CHECK(result.ok());
  return *std::move(result);
}

}  // namespace

TrainingPass::TrainingPass(const NetworkConfig& config, Device device, DType dtype)
    : dtype_(dtype),
      device_memory_(Checked(CreateDeviceAllocator(device))),
      host_(Checked(CreateDeviceAllocator(Device::Cpu()))),
      stream_(Checked(Stream::Create(device))),
      arena_(std::make_unique<Arena>(*device_memory_)),
      network_(Checked(CreateNetwork(config))) {
  FillDeterministic(network_->parameters());
  for (Parameter& parameter : network_->parameters().parameters()) {
    const Tensor host = parameter.value.tensor();
    const Tensor here = Checked(Tensor::Allocate(*arena_, host.dtype(), host.shape()));
    LM_CHECK(Copy(host, here, stream_).ok() && stream_.Synchronize().ok());
    parameter.value = Value(here);
  }
}

TrainingPass::Result TrainingPass::Classify(const Shape& input_shape,
                                            const std::vector<int64_t>& labels,
                                            double label_smoothing, const ForwardOptions& options) {
  const float scale = dtype_ == DType::kFloat32 ? 1 : kLossScale;
  return Run(input_shape, options, scale,
             [&](OpContext& context, const NetworkOutput& output, Result& result) {
               const int64_t classes = output.logits.dim(1);
               const auto off = static_cast<float>(label_smoothing / static_cast<double>(classes));
               std::vector<float> targets(labels.size() * static_cast<size_t>(classes), off);
               for (size_t b = 0; b < labels.size(); ++b) {
                 targets[b * static_cast<size_t>(classes) + static_cast<size_t>(labels[b])] +=
                     static_cast<float>(1 - label_smoothing);
               }
               const Value loss = Checked(ops::SoftmaxCrossEntropy(
                   context, output.logits, Upload(targets, output.logits.shape())));
               result.loss = Download(loss.tensor())[0];
               return Seeds{{loss, Upload({scale}, {}).tensor()}};
             });
}

TrainingPass::Result TrainingPass::WeighFeatures(const Shape& input_shape) {
  return Run(input_shape, {}, 1,
             [&](OpContext& /*context*/, const NetworkOutput& output, Result& result) {
               Seeds seeds;
               for (size_t i = 0; i < output.features.size(); ++i) {
                 const Value& feature = output.features[i];
                 const std::vector<float> weights =
                     DeterministicInput(absl::StrCat("dout.", i), feature.tensor().elements());
                 const std::vector<float> values = Download(feature.tensor());
                 for (size_t j = 0; j < values.size(); ++j)
                   result.loss += double{values[j]} * weights[j];
                 seeds.emplace_back(feature, Upload(weights, feature.shape()).tensor());
               }
               return seeds;
             });
}

Value TrainingPass::Upload(const std::vector<float>& values, const Shape& shape) {
  const Tensor here = Checked(Tensor::Allocate(*arena_, DType::kFloat32, shape));
  const Tensor host = Checked(Tensor::Allocate(*host_, DType::kFloat32, shape));
  std::copy(values.begin(), values.end(), host.data<float>());
  LM_CHECK(Copy(host, here, stream_).ok() && stream_.Synchronize().ok());
  return Value(here);
}

void TrainingPass::Move(const std::map<std::string, std::vector<float>>& direction, double step) {
  for (Parameter& parameter : network_->parameters().parameters()) {
    const auto found = direction.find(parameter.name);
    if (found == direction.end()) continue;
    std::vector<float> values = Download(parameter.value.tensor());
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] += static_cast<float>(step * double{found->second[i]});
    }
    parameter.value = Upload(values, parameter.shape);
  }
}

TrainingPass::Result TrainingPass::Run(
    const Shape& input_shape, const ForwardOptions& options, float scale,
    absl::FunctionRef<Seeds(OpContext&, const NetworkOutput&, Result&)> seeds) {
  Tape tape;
  OpContext context{stream_, *arena_, dtype_};
  context.tape = &tape;
  for (Parameter& parameter : network_->parameters().parameters()) {
    if (parameter.trainable) parameter.value = tape.Leaf(parameter.value);
  }
  LM_CHECK(network_->Pack(context).ok());
  const Value image =
      tape.Leaf(Upload(DeterministicInput("input", input_shape.elements()), input_shape));
  const Value input = Checked(ops::Convert(context, image, dtype_));
  Result result;
  {
    const NetworkOutput output = Checked(network_->Forward(context, input, options));
    for (auto& [value, gradient] : seeds(context, output, result)) {
      const Value seed = Checked(ops::Convert(context, Value(gradient), value.tensor().dtype()));
      LM_CHECK(tape.Add(context, {{value, seed.tensor()}}).ok());
    }
  }
  LM_CHECK(tape.Unwind(context, 0).ok());
  result.input_gradient = Download(tape.Gradient(image), 1 / scale);
  for (const Parameter& parameter : network_->parameters().parameters()) {
    if (!parameter.trainable) continue;
    const Tensor& gradient = tape.Gradient(parameter.value);
    result.gradients[parameter.name] =
        gradient.empty() ? std::vector<float>(static_cast<size_t>(parameter.shape.elements()))
                         : Download(gradient, 1 / scale);
  }
  return result;
}

std::vector<float> TrainingPass::Download(const Tensor& tensor, float factor) {
  OpContext context{stream_, *arena_, dtype_};
  const Value wide = Checked(ops::Convert(context, Value(tensor), DType::kFloat32));
  const Tensor host = Checked(Tensor::Allocate(*host_, DType::kFloat32, tensor.shape()));
  LM_CHECK(Copy(wide.tensor(), host, stream_).ok() && stream_.Synchronize().ok());
  std::vector<float> values(host.data<float>(), host.data<float>() + host.elements());
  for (float& value : values) value *= factor;
  return values;
}

}  // namespace localmamba
