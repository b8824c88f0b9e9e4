#include "tests/support/tiny_dataset.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "kernels/base/check.h"
#include "kernels/base/counter_random.h"
#include "tests/support/images.h"

namespace localmamba {
namespace {

struct Pattern {
  const char* name;
  double across;  // of a stripe's wave, per pixel to the right
  double down;
  std::array<int, 3> color;  // of the stripes, on dark ground
};

constexpr std::array<Pattern, 4> kPatterns = {{{"diagonal", 0.5, 0.5, {60, 90, 220}},
                                               {"horizontal", 0, 0.8, {220, 70, 60}},
                                               {"plain", 0, 0, {200, 190, 70}},
                                               {"vertical", 0.8, 0, {70, 200, 80}}}};

Bytes MakePng(const Pattern& pattern, int side, const CounterRandom& random) {
  TestImage image{side, side, 3, {}};
  const double phase = 6.3 * random.Uniform(0);
  const double strength = 0.7 + 0.3 * random.Uniform(1);
  uint64_t next = 2;
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      const double wave = 0.5 + 0.5 * std::sin(pattern.across * x + pattern.down * y + phase);
      for (const int color : pattern.color) {
        const double level = 20 + strength * wave * color + 8 * random.Normal(next++);
        image.pixels.push_back(static_cast<uint8_t>(std::clamp(level, 0.0, 255.0)));
      }
    }
  }
  return EncodePng(image);
}

}  // namespace

std::map<std::string, std::string> MakeTinyDataset(const TinyDatasetOptions& options) {
  LM_CHECK(options.classes >= 1 && options.classes <= static_cast<int>(kPatterns.size()));
  std::map<std::string, std::string> files;
  const auto add_part = [&](const std::string& part, int images) {
    for (int c = 0; c < options.classes; ++c) {
      const Pattern& pattern = kPatterns[static_cast<size_t>(c)];
      const CounterRandom random(options.seed, part + pattern.name);
      for (int i = 0; i < images; ++i) {
        std::array<char, 16> name{};
        std::snprintf(name.data(), name.size(), "%04d.png", i);
        const Bytes png = MakePng(pattern, options.side, random.Child(static_cast<uint64_t>(i)));
        files[part + "/" + pattern.name + "/" + name.data()] =
            std::string(reinterpret_cast<const char*>(png.data()), png.size());
      }
    }
  };
  add_part("train", options.train_images);
  add_part("val", options.validation_images);
  return files;
}

}  // namespace localmamba
