// The segmenters of the paper by the names of their official configurations (reference H, section
// 0.2).
#ifndef LOCALMAMBA_MODEL_HEADS_SEGMENTER_VARIANTS_H_
#define LOCALMAMBA_MODEL_HEADS_SEGMENTER_VARIANTS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "model/heads/head_config.h"
#include "model/networks/network_config.h"
#include "model/vision/keep_ratio.h"

namespace localmamba {

struct SegmenterVariant {
  NetworkConfig backbone;
  SegmentationConfig segmentation;
  KeepRatioConfig preprocess;
};

// upernet_local_{vssm_tiny,vssm_small,vim-tiny,vim-small}_8xb2-160k_ade20k-512x512.
std::vector<std::string> SegmenterVariantNames();

// Errors: NOT_FOUND naming the variant and those that exist.
absl::StatusOr<SegmenterVariant> SegmenterVariantConfig(absl::string_view name);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_HEADS_SEGMENTER_VARIANTS_H_
