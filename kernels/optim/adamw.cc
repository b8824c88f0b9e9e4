#include "kernels/optim/adamw.h"

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "kernels/optim/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {
namespace {

absl::Status CheckOptions(const AdamWArgs& args) {
  const auto check = [](absl::string_view name, double value, bool valid,
                        absl::string_view wanted) {
    return valid ? absl::OkStatus()
                 : absl::InvalidArgumentError(
                       absl::StrCat("adamw: ", name, " is ", value, ", wanted ", wanted));
  };
  const auto is_fraction = [](double value) { return value >= 0.0 && value < 1.0; };
  LM_RETURN_IF_ERROR(
      check("learning_rate", args.learning_rate, args.learning_rate >= 0.0, "0 or more"));
  LM_RETURN_IF_ERROR(check("beta1", args.beta1, is_fraction(args.beta1), "0 to below 1"));
  LM_RETURN_IF_ERROR(check("beta2", args.beta2, is_fraction(args.beta2), "0 to below 1"));
  LM_RETURN_IF_ERROR(check("epsilon", args.epsilon, args.epsilon >= 0.0, "0 or more"));
  LM_RETURN_IF_ERROR(check("unscale", args.unscale, args.unscale > 0.0, "more than 0"));
  LM_RETURN_IF_ERROR(check("max_norm", args.max_norm, args.max_norm >= 0.0, "0 or more"));
  return check("max_norm", args.max_norm, args.max_norm == 0.0 || !args.gradient_norm.empty(),
               "a gradient_norm with it");
}

}  // namespace

absl::Status AdamW(const AdamWArgs& args, Stream& stream) {
  const ArgChecker check("adamw", stream.device());
  LM_RETURN_IF_ERROR(check.Dense("steps", args.steps, DType::kInt64, Shape()));
  LM_RETURN_IF_ERROR(
      check.OptionalDense("gradient_norm", args.gradient_norm, DType::kFloat32, Shape()));
  LM_RETURN_IF_ERROR(CheckOptions(args));
  for (size_t i = 0; i < args.tensors.size(); ++i) {
    const AdamWTensor& tensor = args.tensors[i];
    const auto dense = [&](absl::string_view name, const ConstTensorView& view) {
      return check.Dense(absl::StrCat(name, " ", i), view, DType::kFloat32,
                         tensor.parameter.shape());
    };
    LM_RETURN_IF_ERROR(dense("parameter", tensor.parameter));
    LM_RETURN_IF_ERROR(dense("gradient", tensor.gradient));
    LM_RETURN_IF_ERROR(dense("first_moment", tensor.first_moment));
    LM_RETURN_IF_ERROR(dense("second_moment", tensor.second_moment));
  }

  if (stream.device().is_cpu()) {
    AdamWCpu(args, stream);
    return absl::OkStatus();
  }
#ifdef LOCALMAMBA_WITH_CUDA
  return AdamWCuda(args, stream);
#else
  return check.Unimplemented(DType::kFloat32);
#endif
}

}  // namespace localmamba
