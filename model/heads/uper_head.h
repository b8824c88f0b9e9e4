// UPerNet's decode head (arXiv:1807.10221) as the official segmentation configs use it.
//
// The last map is pooled to a few sizes; the pools, resized back, and the map itself become the
// coarsest level. From there each level is added, resized, to the next finer one. The levels,
// smoothed and resized to the finest, are fused to the map that the classes are read from.
#ifndef LOCALMAMBA_MODEL_HEADS_UPER_HEAD_H_
#define LOCALMAMBA_MODEL_HEADS_UPER_HEAD_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "model/heads/head_config.h"
#include "model/layers/batch_norm_conv.h"
#include "model/layers/map_conv.h"

namespace localmamba {

// The initialisation of the convolutions that classify.
inline constexpr Initializer kSegmentationInit = {.kind = Initializer::Kind::kNormal,
                                                  .scale = 0.01};

class UperHead {
 public:
  // `in`: channels of the maps, finest first, at least one. Parameters start with `prefix`.
  UperHead(ParameterSet& parameters, const std::string& prefix, const SegmentationConfig& config,
           const std::vector<int64_t>& in);

  absl::Status Pack(OpContext& context);

  // maps: (B, H_i, W_i, in_i) → (B, H_0, W_0, num_classes).
  absl::StatusOr<Value> Forward(OpContext& context, absl::Span<const Value> maps) const;

 private:
  // Pyramid pooling of the last map.
  absl::StatusOr<Value> Pool(OpContext& context, const Value& map) const;

  // In the official order of parameters.
  std::vector<int64_t> pool_scales_;
  MapConv conv_seg_;
  std::vector<BatchNormConv> psp_modules_;
  BatchNormConv bottleneck_;
  std::vector<BatchNormConv> lateral_convs_;
  std::vector<BatchNormConv> fpn_convs_;
  BatchNormConv fpn_bottleneck_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_HEADS_UPER_HEAD_H_
