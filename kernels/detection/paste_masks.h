// The small masks that a network predicts inside boxes, painted at the size of the image.
//
// Pixel (Y, X) of the image is set in mask n if its centre's value in the n-th M x M map, stretched
// over the box, is at least 0.5: bilinear interpolation at
//
//   u = ((g + 1) M - 1) / 2,   g = (X + 0.5 - x1) / (x2 - x1) * 2 - 1
//
// and the same in y, all in float32, cells outside the map counting as 0. Where g is infinite (a box
// without area) it is 0 instead; where it is undefined the pixel is not set. Only pixels from
// floor(x1) - 1 to ceil(x2) + 1 (and the same in y) are looked at; a box outside the image gives an
// empty mask.
//
// Shapes (dense): probabilities: (N, M, M), float32; boxes: (N, 4), float32, finite, in pixels of
// the image; masks: (N, H, W), u8, 0 or 1: the part of the image whose first pixel is (top, left).
//
// Enqueues on `stream` and does not wait.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree; UNIMPLEMENTED on CUDA.
#ifndef LOCALMAMBA_KERNELS_DETECTION_PASTE_MASKS_H_
#define LOCALMAMBA_KERNELS_DETECTION_PASTE_MASKS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "kernels/detection/box.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

struct PasteMasksArgs {
  ConstTensorView probabilities;
  ConstTensorView boxes;
  int64_t top = 0;
  int64_t left = 0;
  TensorView masks;
};

absl::Status PasteMasks(const PasteMasksArgs& args, Stream& stream);

// The pixels of an image that the mask of `box` can set: rows top to bottom - 1, columns left to
// right - 1. Empty (0 everywhere) if it can set none.
struct PixelWindow {
  int64_t top = 0;
  int64_t left = 0;
  int64_t bottom = 0;
  int64_t right = 0;
};
PixelWindow MaskWindow(const Box& box, int64_t image_height, int64_t image_width);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_DETECTION_PASTE_MASKS_H_
