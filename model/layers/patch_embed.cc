#include "model/layers/patch_embed.h"

#include <cmath>

#include "kernels/base/status_macros.h"
#include "model/autograd/operations.h"
#include "model/layers/pack_parameter.h"

namespace localmamba {

PatchEmbed::PatchEmbed(ParameterSet& parameters, const std::string& name, int64_t patch_size,
                       int64_t width, Border border)
    : patch_size_(patch_size), border_(border) {
  const Initializer init{
      .kind = Initializer::Kind::kUniform,
      .scale = 1 / std::sqrt(3.0 * static_cast<double>(patch_size * patch_size))};
  weight_parameter_ =
      parameters.Declare(name + ".weight", {width, 3, patch_size, patch_size}, init);
  bias_parameter_ = parameters.Declare(name + ".bias", {width}, init);
}

absl::Status PatchEmbed::Pack(OpContext& context) {
  LM_ASSIGN_OR_RETURN(weight_, PackParameter(context, *weight_parameter_, context.dtype));
  LM_ASSIGN_OR_RETURN(bias_, PackParameter(context, *bias_parameter_, DType::kFloat32));
  return absl::OkStatus();
}

absl::StatusOr<Value> PatchEmbed::Forward(OpContext& context, const Value& image) const {
  ops::Conv2dOptions options{.stride = patch_size_};
  if (border_ == Border::kPad) {
    const auto missing = [this](int64_t extent) {
      return (patch_size_ - extent % patch_size_) % patch_size_;
    };
    options.pad_bottom = missing(image.dim(2));
    options.pad_right = missing(image.dim(3));
  }
  return ops::Conv2d(context, image, weight_, bias_, options);
}

}  // namespace localmamba
