// Boxes moved by the deltas that a network predicts for each of them and each class.
//
//   y[b, r, c] = DecodeBox(boxes[b, r], deltas[b, r, c], scale, limits[b])
//
// Shapes (dense): boxes: (B, R, 4); deltas, y: (B, R, C, 4); limits: (B, 2), height and width that
// the boxes of image b are clipped to. Deltas are float32, float16 or bfloat16, all else float32.
//
// Enqueues on `stream` and does not wait.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree; UNIMPLEMENTED for a dtype that the device lacks.
#ifndef LOCALMAMBA_KERNELS_DETECTION_DECODE_BOXES_H_
#define LOCALMAMBA_KERNELS_DETECTION_DECODE_BOXES_H_

#include "absl/status/status.h"
#include "kernels/detection/box.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

struct DecodeBoxesArgs {
  ConstTensorView boxes;
  ConstTensorView deltas;
  DeltaScale scale = {1, 1, 1, 1};
  ConstTensorView limits;
  TensorView y;
};

absl::Status DecodeBoxes(const DecodeBoxesArgs& args, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_DETECTION_DECODE_BOXES_H_
