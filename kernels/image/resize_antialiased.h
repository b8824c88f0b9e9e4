// Antialiased resize of 8-bit images, equal bit for bit to Pillow's Image.resize with the same
// filter. The channels are independent, as in Pillow's RGB and CMYK modes (its RGBA mode multiplies
// by alpha first).
//
// Separable, horizontal pass first, rounded and clipped to 8 bits between the passes. Per axis:
//
//   scale   = in / out
//   support = radius * max(scale, 1)                    radius: 1 for bilinear, 2 for bicubic
//   centre  = (i + 0.5) * scale
//   taps j  from int(centre - support + 0.5) up to, without, int(centre + support + 0.5), both
//           clipped to the image
//   weights filter((j - centre + 0.5) / max(scale, 1)), normalised to sum 1 and rounded to 22
//           fractional bits
//
// Bilinear is the triangle 1 - |x|; bicubic is Keys' kernel with a = -0.5.
//
// Shapes: x: (H, W, C), u8, rows may be strided and pixels are dense; y: (Ho, Wo, C), u8, dense;
//         C = 1, 3 or 4; all extents >= 1.
//
// CPU only.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree; UNIMPLEMENTED on another device.
#ifndef LOCALMAMBA_KERNELS_IMAGE_RESIZE_ANTIALIASED_H_
#define LOCALMAMBA_KERNELS_IMAGE_RESIZE_ANTIALIASED_H_

#include <cstdint>

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

enum class ResizeFilter : uint8_t { kBilinear, kBicubic };

absl::Status ResizeAntialiased(const ConstTensorView& x, ResizeFilter filter, const TensorView& y,
                               Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_IMAGE_RESIZE_ANTIALIASED_H_
