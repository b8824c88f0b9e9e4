#include "model/heads/segmenter_variants.h"

#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "kernels/base/check.h"
#include "model/networks/variants.h"

namespace localmamba {
namespace {

constexpr KeepRatioConfig kPreprocess = {.long_side = 2048, .short_side = 512, .pad_divisor = 1};

template <class Config>
Config ClassifierConfig(absl::string_view name) {
  const absl::StatusOr<NetworkConfig> config = VariantConfig(name);
  LM_CHECK(config.ok());
  return std::get<Config>(*config);
}

SegmenterVariant OnStages(absl::string_view classifier) {
  auto backbone = ClassifierConfig<LocalVMambaConfig>(classifier);
  backbone.num_classes = 0;
  backbone.out_indices = {0, 1, 2, 3};
  return {.backbone = std::move(backbone),
          .segmentation = {.auxiliary = FcnHeadConfig{.input = 2}},
          .preprocess = kPreprocess};
}

SegmenterVariant OnPlain(absl::string_view classifier) {
  auto backbone = ClassifierConfig<LocalVimConfig>(classifier);
  backbone.num_classes = 0;
  backbone.out_indices = {4, 9, 14, 19};
  backbone.norm = NormKind::kLayer;
  backbone.image_height = 512;
  backbone.image_width = 512;
  return {.backbone = std::move(backbone),
          .segmentation = {.auxiliary = FcnHeadConfig{.input = 3}},
          .preprocess = kPreprocess};
}

struct Named {
  absl::string_view name;
  absl::string_view classifier;  // whose backbone it has
  SegmenterVariant (*config)(absl::string_view classifier);
};

constexpr Named kVariants[] = {
    {"upernet_local_vssm_tiny_8xb2-160k_ade20k-512x512", "local_vssm_tiny", OnStages},
    {"upernet_local_vssm_small_8xb2-160k_ade20k-512x512", "local_vssm_small", OnStages},
    {"upernet_local_vim-tiny_8xb2-160k_ade20k-512x512", "local_vim_tiny", OnPlain},
    {"upernet_local_vim-small_8xb2-160k_ade20k-512x512", "local_vim_small", OnPlain},
};

}  // namespace

std::vector<std::string> SegmenterVariantNames() {
  std::vector<std::string> names;
  for (const Named& variant : kVariants) names.emplace_back(variant.name);
  return names;
}

absl::StatusOr<SegmenterVariant> SegmenterVariantConfig(absl::string_view name) {
  for (const Named& variant : kVariants) {
    if (variant.name == name) return variant.config(variant.classifier);
  }
  return absl::NotFoundError(absl::StrCat("segmenter \"", name, "\" is not known, wanted one of ",
                                          absl::StrJoin(SegmenterVariantNames(), ", ")));
}

}  // namespace localmamba
