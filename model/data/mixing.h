// Mixup (Zhang et al. 2017) and CutMix (Yun et al. 2019) of a batch with itself in reverse order,
// and the soft targets that follow (reference §7.4).
#ifndef LOCALMAMBA_MODEL_DATA_MIXING_H_
#define LOCALMAMBA_MODEL_DATA_MIXING_H_

#include <cstdint>

#include "kernels/tensor/tensor_view.h"
#include "model/data/augmentation.h"
#include "model/data/random_draws.h"
#include "model/data/sample_bicubic.h"

namespace localmamba {

// One for a whole batch.
struct Mixing {
  enum class Kind : uint8_t { kNone, kMixup, kCutmix };
  Kind kind = Kind::kNone;
  double share = 1;  // of the image itself; the rest is its partner's
  Region box;        // what cutmix takes from the partner
};

// For images of height x width.
Mixing DrawMixing(const AugmentationConfig& config, int64_t height, int64_t width,
                  RandomDraws& draws);

// Mixes an image and its partner, both (3, H, W), float32, dense, with each other.
void MixPair(const Mixing& mixing, const TensorView& image, const TensorView& partner);

// The target of an image of class `label` mixed with one of class `partner`: 1 - smoothing at the
// class and smoothing spread over all, in shares. target: (classes), float32, dense.
void WriteTarget(const Mixing& mixing, double smoothing, int64_t label, int64_t partner,
                 const TensorView& target);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_DATA_MIXING_H_
