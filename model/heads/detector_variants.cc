#include "model/heads/detector_variants.h"

#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "kernels/base/check.h"
#include "model/networks/variants.h"

namespace localmamba {
namespace {

template <class Config>
Config ClassifierConfig(absl::string_view name) {
  const absl::StatusOr<NetworkConfig> config = VariantConfig(name);
  LM_CHECK(config.ok());
  return std::get<Config>(*config);
}

DetectorVariant OnStages(absl::string_view classifier) {
  auto backbone = ClassifierConfig<LocalVMambaConfig>(classifier);
  backbone.num_classes = 0;
  backbone.out_indices = {0, 1, 2, 3};
  return {.backbone = std::move(backbone), .detection = {}, .preprocess = {}};
}

DetectorVariant OnPlain(absl::string_view classifier) {
  auto backbone = ClassifierConfig<LocalVimConfig>(classifier);
  backbone.num_classes = 0;
  backbone.out_indices = {backbone.scan.depth() - 1};
  backbone.norm = NormKind::kLayer;
  backbone.image_height = 1024;
  backbone.image_width = 1024;
  return {.backbone = std::move(backbone),
          .detection = {.neck = NeckKind::kSimpleFpn,
                        .rpn_convs = 2,
                        .box_convs = 4,
                        .box_fcs = 1,
                        .norm = true},
          .preprocess = {.long_side = 1024, .short_side = 1024, .pad_side = 1024}};
}

struct Named {
  absl::string_view name;
  absl::string_view classifier;  // whose backbone it has
  DetectorVariant (*config)(absl::string_view classifier);
};

constexpr Named kVariants[] = {
    {"mask_rcnn_local_vssm_tiny_fpn_coco", "local_vssm_tiny", OnStages},
    {"mask_rcnn_local_vssm_tiny_fpn_coco_ms_3x", "local_vssm_tiny", OnStages},
    {"mask_rcnn_local_vssm_small_fpn_coco", "local_vssm_small", OnStages},
    {"mask_rcnn_local_vssm_small_fpn_coco_ms_3x", "local_vssm_small", OnStages},
    {"vitdet_cascade_mask-rcnn_local_vim_tiny_lsj-100e", "local_vim_tiny", OnPlain},
    {"vitdet_cascade_mask-rcnn_local_vim_small_lsj-100e", "local_vim_small", OnPlain},
};

}  // namespace

std::vector<std::string> DetectorVariantNames() {
  std::vector<std::string> names;
  for (const Named& variant : kVariants) names.emplace_back(variant.name);
  return names;
}

absl::StatusOr<DetectorVariant> DetectorVariantConfig(absl::string_view name) {
  for (const Named& variant : kVariants) {
    if (variant.name == name) return variant.config(variant.classifier);
  }
  return absl::NotFoundError(absl::StrCat("variant \"", name, "\" is not known, wanted one of ",
                                          absl::StrJoin(DetectorVariantNames(), ", ")));
}

}  // namespace localmamba
