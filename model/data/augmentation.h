// How training images are varied (reference §7.1, §7.4). Every field maps to a field of
// localmamba.v1.Augmentation.
#ifndef LOCALMAMBA_MODEL_DATA_AUGMENTATION_H_
#define LOCALMAMBA_MODEL_DATA_AUGMENTATION_H_

#include <cstdint>

#include "absl/status/status.h"

namespace localmamba {

// Applied in this order.
struct AugmentationConfig {
  // Random resized crop: share of the image's area and aspect ratio (width / height).
  double min_crop_area = 0.08;
  double max_crop_area = 1;
  double min_crop_ratio = 3.0 / 4.0;
  double max_crop_ratio = 4.0 / 3.0;
  // Above 0: instead, the image is resized to the input size, padded by so many black pixels on
  // each side and cropped at a random place.
  int64_t crop_padding = 0;
  double flip = 0.5;  // probability of a horizontal flip
  // RandAugment: operations per image (0: off), magnitude (0 to 10) and its standard deviation,
  // and the probability that an operation that was drawn is applied.
  int64_t rand_augment_operations = 2;
  double rand_augment_magnitude = 9;
  double rand_augment_deviation = 0.5;
  double rand_augment_probability = 0.5;
  double color_jitter = 0.3;     // of brightness, contrast and saturation; only without RandAugment
  double random_erasing = 0.25;  // probability that a rectangle becomes noise
  // Parameter of the Beta distribution of the mixing share; 0: off.
  double mixup_alpha = 0.2;
  double cutmix_alpha = 1;
  double mix_probability = 1;       // that a batch is mixed at all
  double cutmix_probability = 0.5;  // that it is then by cutmix, where both are on

  // Whether batches can be mixed, which takes an even number of images.
  [[nodiscard]] bool mixes() const {
    return mix_probability > 0 && (mixup_alpha > 0 || cutmix_alpha > 0);
  }

  // Nothing but a resize of the image, or of its largest centre part that has an allowed ratio.
  static AugmentationConfig None();
};

// Errors: INVALID_ARGUMENT naming the first field that is out of range (as in the message, e.g.
// augmentation.flip), what was found and what was wanted.
absl::Status Validate(const AugmentationConfig& config);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_DATA_AUGMENTATION_H_
