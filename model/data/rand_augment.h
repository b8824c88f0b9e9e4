// RandAugment (Cubuk et al. 2019) with the 19 operations of the official training code (reference
// §7.4).
#ifndef LOCALMAMBA_MODEL_DATA_RAND_AUGMENT_H_
#define LOCALMAMBA_MODEL_DATA_RAND_AUGMENT_H_

#include <cstdint>

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "model/data/augmentation.h"
#include "model/data/random_draws.h"
#include "model/data/rgb_image.h"

namespace localmamba {

enum class AugmentOperation : uint8_t {
  kDistort,
  kZoom,
  kBlur,
  kSkew,
  kAutoContrast,
  kEqualize,
  kInvert,
  kRotate,
  kPosterize,
  kSolarize,
  kSolarizeAdd,
  kColor,
  kContrast,
  kBrightness,
  kSharpness,
  kShearX,
  kShearY,
  kTranslateX,
  kTranslateY,
};
inline constexpr int64_t kAugmentOperations = 19;

// Applies one operation with the parameters it has at `magnitude`. `draws` gives the sign where an
// operation has one. `stream`: of the CPU. Errors: those of ResizeAntialiased.
absl::Status ApplyOperation(AugmentOperation operation, double magnitude, RandomDraws& draws,
                            Stream& stream, RgbImage& image);

// Draws config.rand_augment_operations of them, with replacement; each is applied with
// rand_augment_probability at a magnitude of its own.
absl::Status RandAugment(const AugmentationConfig& config, RandomDraws& draws, Stream& stream,
                         RgbImage& image);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_DATA_RAND_AUGMENT_H_
