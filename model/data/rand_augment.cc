#include "model/data/rand_augment.h"

#include "kernels/base/status_macros.h"
#include "model/data/color_operations.h"
#include "model/data/geometric_operations.h"

namespace localmamba {
namespace {

// The mean colour of ImageNet.
constexpr Rgb kFill = {124, 116, 104};

}  // namespace

absl::Status ApplyOperation(AugmentOperation operation, double magnitude, RandomDraws& draws,
                            Stream& stream, RgbImage& image) {
  const auto truncated = [](double value) { return static_cast<int>(value); };
  const double factor = 0.18 * magnitude + 0.1;
  switch (operation) {
    case AugmentOperation::kDistort: {
      const int shift = truncated(magnitude + 10);
      Distort(image, truncated(0.1 * shift), shift);
      break;
    }
    case AugmentOperation::kZoom:
      return Zoom(image, 0.04 * magnitude, stream);
    case AugmentOperation::kBlur:
      GaussianBlur(image, 0.05 * magnitude);  // the same for either sign
      break;
    case AugmentOperation::kSkew:
      Skew(image, draws.RandomSign(0.03 * magnitude));
      break;
    case AugmentOperation::kAutoContrast:
      AutoContrast(image);
      break;
    case AugmentOperation::kEqualize:
      Equalize(image);
      break;
    case AugmentOperation::kInvert:
      Invert(image);
      break;
    case AugmentOperation::kRotate:
      Rotate(image, draws.RandomSign(3 * magnitude), kFill);
      break;
    case AugmentOperation::kPosterize:
      Posterize(image, truncated(0.4 * magnitude));
      break;
    case AugmentOperation::kSolarize:
      Solarize(image, truncated(25.6 * magnitude));
      break;
    case AugmentOperation::kSolarizeAdd:
      SolarizeAdd(image, truncated(11 * magnitude));
      break;
    case AugmentOperation::kColor:
      AdjustSaturation(image, factor);
      break;
    case AugmentOperation::kContrast:
      AdjustContrast(image, factor);
      break;
    case AugmentOperation::kBrightness:
      AdjustBrightness(image, factor);
      break;
    case AugmentOperation::kSharpness:
      AdjustSharpness(image, factor);
      break;
    case AugmentOperation::kShearX:
      ShearX(image, draws.RandomSign(0.03 * magnitude), kFill);
      break;
    case AugmentOperation::kShearY:
      ShearY(image, draws.RandomSign(0.03 * magnitude), kFill);
      break;
    case AugmentOperation::kTranslateX:
      TranslateX(image, draws.RandomSign(0.045 * magnitude), kFill);
      break;
    case AugmentOperation::kTranslateY:
      TranslateY(image, draws.RandomSign(0.045 * magnitude), kFill);
      break;
  }
  return absl::OkStatus();
}

absl::Status RandAugment(const AugmentationConfig& config, RandomDraws& draws, Stream& stream,
                         RgbImage& image) {
  for (int64_t i = 0; i < config.rand_augment_operations; ++i) {
    const auto operation = static_cast<AugmentOperation>(draws.Below(kAugmentOperations));
    if (!draws.Chance(config.rand_augment_probability)) continue;
    const double magnitude =
        config.rand_augment_magnitude + config.rand_augment_deviation * draws.Normal();
    LM_RETURN_IF_ERROR(ApplyOperation(operation, magnitude, draws, stream, image));
  }
  return absl::OkStatus();
}

}  // namespace localmamba
