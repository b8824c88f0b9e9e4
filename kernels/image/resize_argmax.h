// The largest channel of each cell of a map that is resized bilinearly (resize_bilinear.h), once or
// twice, without the resized maps themselves, which for many classes and a large image would take
// gigabytes.
//
//   y[b, i, j] = argmax_c resized[b, i, j, c], the smallest such c
//   confidence[b, i, j] = softmax(resized[b, i, j])[y[b, i, j]]
//
// Once: x is resized to the size of y. Twice: to that of `between`, whose top left part then is
// resized to the size of y, as logits are that are as large as the input of a network first and
// without its padding become as large as the image.
//
// Shapes (dense): x: (B, H, W, C), H, W, C >= 1, float32, float16 or bfloat16;
//                 y: (B, Ho, Wo), i32; confidence: (B, Ho, Wo), float32.
//
// Enqueues on `stream` and does not wait.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree; UNIMPLEMENTED for a dtype the
//         device lacks.
#ifndef LOCALMAMBA_KERNELS_IMAGE_RESIZE_ARGMAX_H_
#define LOCALMAMBA_KERNELS_IMAGE_RESIZE_ARGMAX_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

// 1 <= rows <= height; 1 <= columns <= width.
struct IntermediateSize {
  int64_t height = 1;
  int64_t width = 1;
  int64_t rows = 1;  // of the part that counts
  int64_t columns = 1;
};

struct ResizeArgmaxArgs {
  ConstTensorView x;
  std::optional<IntermediateSize> between = {};
  TensorView y;
  TensorView confidence = {};  // optional
};

absl::Status ResizeArgmax(const ResizeArgmaxArgs& args, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_IMAGE_RESIZE_ARGMAX_H_
