// Boxes as the detection operations see them: corners x1, y1, x2, y2 in continuous pixel
// coordinates, pixel column i covering [i, i + 1). A tensor of boxes has 4 as its last extent.
#ifndef LOCALMAMBA_KERNELS_DETECTION_BOX_H_
#define LOCALMAMBA_KERNELS_DETECTION_BOX_H_

#include <algorithm>
#include <array>
#include <cmath>

namespace localmamba {

struct Box {
  float x1, y1, x2, y2;

  [[nodiscard]] float width() const { return x2 - x1; }
  [[nodiscard]] float height() const { return y2 - y1; }
  [[nodiscard]] float area() const { return width() * height(); }
};

// Where boxes are clipped to: the upper bounds are part of it.
struct BoxLimits {
  float height, width;
};

// What one unit of a delta (dx, dy, dw, dh) stands for.
using DeltaScale = std::array<float, 4>;

// `box` moved by (dx, dy) in units of its size, its size multiplied by exp(dw) and exp(dh), then
// clipped. The exponents are limited to +-ln(1000 / 16) first.
inline Box DecodeBox(const Box& box, const float* delta, const DeltaScale& scale,
                     const BoxLimits& limits) {
  constexpr float kMaxExponent = 4.135166556742356F;
  const float width = box.width();
  const float height = box.height();
  const float x = (box.x1 + box.x2) * 0.5F + width * (delta[0] * scale[0]);
  const float y = (box.y1 + box.y2) * 0.5F + height * (delta[1] * scale[1]);
  const float dw = std::clamp(delta[2] * scale[2], -kMaxExponent, kMaxExponent);
  const float dh = std::clamp(delta[3] * scale[3], -kMaxExponent, kMaxExponent);
  const float half_width = width * std::exp(dw) * 0.5F;
  const float half_height = height * std::exp(dh) * 0.5F;
  return {std::clamp(x - half_width, 0.0F, limits.width),
          std::clamp(y - half_height, 0.0F, limits.height),
          std::clamp(x + half_width, 0.0F, limits.width),
          std::clamp(y + half_height, 0.0F, limits.height)};
}

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_DETECTION_BOX_H_
