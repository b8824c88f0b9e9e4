#include "kernels/tensor/check_args.h"

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"

namespace localmamba {
namespace {

bool Matches(const Shape& found, const Shape& wanted) {
  if (found.rank() != wanted.rank()) return false;
  for (int i = 0; i < found.rank(); ++i) {
    if (wanted[i] >= 0 && found[i] != wanted[i]) return false;
  }
  return true;
}

}  // namespace

absl::Status ArgChecker::Error(absl::string_view name, const ConstTensorView& view,
                               absl::string_view wanted) const {
  return absl::InvalidArgumentError(
      absl::StrCat(operation_, ": \"", name, "\" is ", Describe(view), ", wanted ", wanted));
}

absl::Status ArgChecker::Tensor(absl::string_view name, const ConstTensorView& view, DType dtype,
                                const Shape& shape) const {
  if (view.empty() || view.dtype() != dtype || view.device() != device_ ||
      !Matches(view.shape(), shape)) {
    return Error(name, view,
                 absl::StrCat(ToString(dtype), shape.ToString(), " on ", device_.ToString()));
  }
  if (view.rank() > 0 && view.dim(view.rank() - 1) > 1 && view.stride(view.rank() - 1) != 1) {
    return Error(name, view, "a contiguous innermost dimension");
  }
  return absl::OkStatus();
}

absl::Status ArgChecker::Optional(absl::string_view name, const ConstTensorView& view, DType dtype,
                                  const Shape& shape) const {
  return view.empty() ? absl::OkStatus() : Tensor(name, view, dtype, shape);
}

absl::Status ArgChecker::Dense(absl::string_view name, const ConstTensorView& view, DType dtype,
                               const Shape& shape) const {
  LM_RETURN_IF_ERROR(Tensor(name, view, dtype, shape));
  return view.IsDense() ? absl::OkStatus() : Error(name, view, "a dense tensor");
}

absl::Status ArgChecker::OptionalDense(absl::string_view name, const ConstTensorView& view,
                                       DType dtype, const Shape& shape) const {
  return view.empty() ? absl::OkStatus() : Dense(name, view, dtype, shape);
}

absl::Status ArgChecker::Unimplemented(DType dtype) const {
  return absl::UnimplementedError(absl::StrCat(operation_, ": not implemented for ",
                                               ToString(dtype), " on ", device_.ToString()));
}

}  // namespace localmamba
