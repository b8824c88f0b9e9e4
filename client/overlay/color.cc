#include "client/overlay/color.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace localmamba::client {

Color ColorOfClass(int id) {
  // Multiples of the golden ratio never come close to each other on the circle of hues; lightness
  // tells apart those that do after many.
  constexpr double kGoldenRatio = 0.6180339887498949;
  const double hue = 6 * std::fmod(0.58 + id * kGoldenRatio, 1.0);
  const double value = id % 3 == 2 ? 0.72 : 1.0;
  const double saturation = id % 3 == 1 ? 0.55 : 0.85;
  Color color;
  for (int c = 0; c < 3; ++c) {
    // The usual six-sided cone of hue, saturation and value.
    const double k = std::fmod(hue + 5 - 2 * c, 6.0);
    const double share = std::clamp(std::min(k, 4 - k), 0.0, 1.0);
    color[c] = static_cast<uint8_t>(std::lround(255 * value * (1 - saturation * share)));
  }
  return color;
}

Color ReadableOn(const Color& background) {
  // Of relative luminance: here black and white stand out equally (WCAG 2, contrast ratio).
  constexpr double kMiddle = 0.18;
  const auto linear = [](uint8_t value) { return std::pow(value / 255.0, 2.2); };
  const double luminance = 0.2126 * linear(background[0]) + 0.7152 * linear(background[1]) +
                           0.0722 * linear(background[2]);
  return luminance > kMiddle ? Color(0, 0, 0) : Color(255, 255, 255);
}

}  // namespace localmamba::client
