// Of maps with a channel for each class, the channel of one class per map.
//
//   y[r, p] = x[r, p, classes[r]]
//
// Shapes (dense): x: (R, P, C), float32, float16 or bfloat16; classes: (R), i32, 0 to C - 1; y: (R, P), float32.
//
// Enqueues on `stream` and does not wait.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree; UNIMPLEMENTED for a dtype that the device lacks.
#ifndef LOCALMAMBA_KERNELS_DETECTION_SELECT_CLASS_H_
#define LOCALMAMBA_KERNELS_DETECTION_SELECT_CLASS_H_

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

absl::Status SelectClass(const ConstTensorView& x, const ConstTensorView& classes,
                         const TensorView& y, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_DETECTION_SELECT_CLASS_H_
