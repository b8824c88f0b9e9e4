#include "model/data/mixing.h"

#include <algorithm>
#include <cmath>

namespace localmamba {
namespace {

Region DrawBox(double share, int64_t height, int64_t width, RandomDraws& draws) {
  const double ratio = std::sqrt(1 - share);
  const int64_t half_height = static_cast<int64_t>(static_cast<double>(height) * ratio) / 2;
  const int64_t half_width = static_cast<int64_t>(static_cast<double>(width) * ratio) / 2;
  const int64_t y = draws.Below(height);
  const int64_t x = draws.Below(width);
  return {std::max<int64_t>(x - half_width, 0), std::max<int64_t>(y - half_height, 0),
          std::min(x + half_width, width), std::min(y + half_height, height)};
}

}  // namespace

Mixing DrawMixing(const AugmentationConfig& config, int64_t height, int64_t width,
                  RandomDraws& draws) {
  Mixing mixing;
  if (!config.mixes() || !draws.Chance(config.mix_probability)) return mixing;
  const bool both = config.mixup_alpha > 0 && config.cutmix_alpha > 0;
  const bool cuts = both ? draws.Chance(config.cutmix_probability) : config.cutmix_alpha > 0;
  mixing.share = draws.Beta(cuts ? config.cutmix_alpha : config.mixup_alpha);
  mixing.kind = cuts ? Mixing::Kind::kCutmix : Mixing::Kind::kMixup;
  if (cuts) {
    mixing.box = DrawBox(mixing.share, height, width, draws);
    const int64_t area =
        (mixing.box.right - mixing.box.left) * (mixing.box.bottom - mixing.box.top);
    mixing.share = 1 - static_cast<double>(area) / static_cast<double>(height * width);
  }
  return mixing;
}

void MixPair(const Mixing& mixing, const TensorView& image, const TensorView& partner) {
  if (mixing.kind == Mixing::Kind::kMixup) {
    const auto share = static_cast<float>(mixing.share);
    const float rest = 1 - share;
    float* a = image.data<float>();
    float* b = partner.data<float>();
    for (int64_t i = 0; i < image.elements(); ++i) {
      const float own = a[i];
      a[i] = own * share + b[i] * rest;
      b[i] = b[i] * share + own * rest;
    }
  } else if (mixing.kind == Mixing::Kind::kCutmix) {
    for (int64_t row = 0; row < 3 * image.dim(1); ++row) {
      const int64_t y = row % image.dim(1);
      if (y < mixing.box.top || y >= mixing.box.bottom) continue;
      float* a = image.data<float>() + row * image.dim(2);
      float* b = partner.data<float>() + row * image.dim(2);
      std::swap_ranges(a + mixing.box.left, a + mixing.box.right, b + mixing.box.left);
    }
  }
}

void WriteTarget(const Mixing& mixing, double smoothing, int64_t label, int64_t partner,
                 const TensorView& target) {
  const double off = smoothing / static_cast<double>(target.dim(0));
  const double on = 1 - smoothing;
  float* out = target.data<float>();
  std::fill_n(out, target.dim(0), static_cast<float>(off));
  if (label == partner) {
    out[label] = static_cast<float>(off + on);
  } else {
    out[label] = static_cast<float>(off + on * mixing.share);
    out[partner] = static_cast<float>(off + on * (1 - mixing.share));
  }
}

}  // namespace localmamba
