// Boxes as the detection operations see them: corners x1, y1, x2, y2 in continuous pixel
// coordinates, pixel column i covering [i, i + 1). A tensor of boxes has 4 as its last extent.
//
// The formulas are those of every device. CUDA sources that use them are compiled without fused
// multiply-adds, so that close decisions fall the same way everywhere.
#ifndef LOCALMAMBA_KERNELS_DETECTION_BOX_H_
#define LOCALMAMBA_KERNELS_DETECTION_BOX_H_

#include <cmath>

#include "kernels/base/host_device.h"

namespace localmamba {

struct Box {
  float x1, y1, x2, y2;

  [[nodiscard]] LM_HOST_DEVICE float width() const { return x2 - x1; }
  [[nodiscard]] LM_HOST_DEVICE float height() const { return y2 - y1; }
  [[nodiscard]] LM_HOST_DEVICE float area() const { return width() * height(); }
};

// Where boxes are clipped to: the upper bounds are part of it.
struct BoxLimits {
  float height, width;
};

// Where a box is to go: by (dx, dy) in units of its size, its size multiplied by exp(dw) and
// exp(dh).
struct BoxDelta {
  float dx, dy, dw, dh;
};

// What one unit of each element of a delta stands for.
using DeltaScale = BoxDelta;

// std::min, max and clamp, which CUDA lacks.
LM_HOST_DEVICE inline float Least(float a, float b) { return b < a ? b : a; }
LM_HOST_DEVICE inline float Largest(float a, float b) { return a < b ? b : a; }
LM_HOST_DEVICE inline float Clip(float x, float low, float high) {
  return x < low ? low : Least(x, high);
}

// `box` moved, then clipped. The exponents are limited to +-ln(1000 / 16) first.
LM_HOST_DEVICE inline Box DecodeBox(const Box& box, const BoxDelta& delta, const DeltaScale& scale,
                                    const BoxLimits& limits) {
  constexpr float kMaxExponent = 4.135166556742356F;
  const float width = box.width();
  const float height = box.height();
  const float x = (box.x1 + box.x2) * 0.5F + width * (delta.dx * scale.dx);
  const float y = (box.y1 + box.y2) * 0.5F + height * (delta.dy * scale.dy);
  const float dw = Clip(delta.dw * scale.dw, -kMaxExponent, kMaxExponent);
  const float dh = Clip(delta.dh * scale.dh, -kMaxExponent, kMaxExponent);
  const float half_width = width * std::exp(dw) * 0.5F;
  const float half_height = height * std::exp(dh) * 0.5F;
  return {Clip(x - half_width, 0.0F, limits.width), Clip(y - half_height, 0.0F, limits.height),
          Clip(x + half_width, 0.0F, limits.width), Clip(y + half_height, 0.0F, limits.height)};
}

// Whether the boxes' intersection is more than `iou_threshold` times their union.
LM_HOST_DEVICE inline bool Overlap(const Box& a, const Box& b, float iou_threshold) {
  const float width = Largest(0.0F, Least(a.x2, b.x2) - Largest(a.x1, b.x1));
  const float height = Largest(0.0F, Least(a.y2, b.y2) - Largest(a.y1, b.y1));
  const float intersection = width * height;
  return intersection > iou_threshold * (a.area() + b.area() - intersection);
}

// False if a corner is NaN or infinite.
LM_HOST_DEVICE inline bool IsFinite(const Box& box) {
  return std::isfinite(box.x1) && std::isfinite(box.y1) && std::isfinite(box.x2) &&
         std::isfinite(box.y2);
}

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_DETECTION_BOX_H_
