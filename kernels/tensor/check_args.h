// Argument checks shared by all operations. Messages read:
//
//   selective_scan: "delta" is f32[2,7,5] on cpu, wanted f32[2,7,4] on cpu
#ifndef LOCALMAMBA_KERNELS_TENSOR_CHECK_ARGS_H_
#define LOCALMAMBA_KERNELS_TENSOR_CHECK_ARGS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

// Checks the arguments of one operation on one device. Every method returns INVALID_ARGUMENT naming
// the operation, the argument, what was found and what was wanted.
class ArgChecker {
 public:
  ArgChecker(absl::string_view operation, Device device) : operation_(operation), device_(device) {}

  // Present, on the device, of this dtype and shape, innermost dimension contiguous. -1 in `shape`
  // matches any extent.
  [[nodiscard]] absl::Status Tensor(absl::string_view name, const ConstTensorView& view,
                                    DType dtype, const Shape& shape) const;
  // The same, or absent.
  [[nodiscard]] absl::Status Optional(absl::string_view name, const ConstTensorView& view,
                                      DType dtype, const Shape& shape) const;
  // As Tensor, and without gaps between rows.
  [[nodiscard]] absl::Status Dense(absl::string_view name, const ConstTensorView& view, DType dtype,
                                   const Shape& shape) const;
  // The same, or absent.
  [[nodiscard]] absl::Status OptionalDense(absl::string_view name, const ConstTensorView& view,
                                           DType dtype, const Shape& shape) const;
  [[nodiscard]] absl::Status Error(absl::string_view name, const ConstTensorView& view,
                                   absl::string_view wanted) const;
  // UNIMPLEMENTED: the operation has no implementation for this device and dtype.
  [[nodiscard]] absl::Status Unimplemented(DType dtype) const;

 private:
  absl::string_view operation_;
  Device device_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_TENSOR_CHECK_ARGS_H_
