#include "model/layers/batch_norm_conv.h"

#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "model/layers/pack_parameter.h"

namespace localmamba {
namespace {

constexpr double kEpsilon = 1e-5;

constexpr Initializer kOne = {.kind = Initializer::Kind::kConstant, .scale = 1};

// The parameter's elements in host memory.
absl::StatusOr<std::vector<float>> ToHost(OpContext& context, const Parameter& parameter) {
  if (parameter.value.has_gradient()) {
    return absl::UnimplementedError(
        absl::StrCat("parameter \"", parameter.name, "\": batch norms have no backward"));
  }
  LM_ASSIGN_OR_RETURN(const Value value, PackParameter(context, parameter, DType::kFloat32));
  std::vector<float> elements(static_cast<size_t>(parameter.shape.elements()));
  const TensorView host(elements.data(), DType::kFloat32, parameter.shape);
  LM_RETURN_IF_ERROR(Copy(value.tensor(), host, context.stream));
  LM_RETURN_IF_ERROR(context.stream.Synchronize());
  return elements;
}

absl::StatusOr<Value> ToDevice(OpContext& context, std::vector<float> elements) {
  auto owner = std::make_shared<std::vector<float>>(std::move(elements));
  const TensorView host(owner->data(), DType::kFloat32, {static_cast<int64_t>(owner->size())});
  const Value here(Tensor::Share(host, std::move(owner)));
  LM_ASSIGN_OR_RETURN(Value value, ops::Convert(context, here, DType::kFloat32));
  LM_RETURN_IF_ERROR(context.stream.Synchronize());  // a copy reads the host's memory
  return value;
}

}  // namespace

BatchNormConv::BatchNormConv(ParameterSet& parameters, const std::string& name, int64_t in,
                             int64_t out, int64_t kernel)
    : conv_(parameters, name + ".conv", in, out, kernel, MapConv::Bias::kNone,
            KaimingNormal(out, kernel * kernel)),
      weight_(parameters.Declare(name + ".bn.weight", {out}, kOne)),
      bias_(parameters.Declare(name + ".bn.bias", {out}, {})),
      running_mean_(parameters.Declare(name + ".bn.running_mean", {out}, {}, /*trainable=*/false)),
      running_var_(parameters.Declare(name + ".bn.running_var", {out}, kOne, /*trainable=*/false)) {
}

absl::Status BatchNormConv::Pack(OpContext& context) {
  LM_ASSIGN_OR_RETURN(std::vector<float> scale, ToHost(context, *weight_));
  LM_ASSIGN_OR_RETURN(std::vector<float> shift, ToHost(context, *bias_));
  LM_ASSIGN_OR_RETURN(const std::vector<float> mean, ToHost(context, *running_mean_));
  LM_ASSIGN_OR_RETURN(const std::vector<float> variance, ToHost(context, *running_var_));
  for (size_t o = 0; o < scale.size(); ++o) {
    const double factor = scale[o] / std::sqrt(variance[o] + kEpsilon);
    scale[o] = static_cast<float>(factor);
    shift[o] = static_cast<float>(shift[o] - factor * mean[o]);
  }
  LM_ASSIGN_OR_RETURN(const Value scale_here, ToDevice(context, std::move(scale)));
  LM_ASSIGN_OR_RETURN(const Value shift_here, ToDevice(context, std::move(shift)));
  return conv_.PackScaled(context, scale_here, shift_here);
}

absl::StatusOr<Value> BatchNormConv::Forward(OpContext& context, const Value& x) const {
  return conv_.Forward(context, x, Activation::kRelu);
}

}  // namespace localmamba
