// The auxiliary head of the official segmentation configs: classes straight from one map.
#ifndef LOCALMAMBA_MODEL_HEADS_FCN_HEAD_H_
#define LOCALMAMBA_MODEL_HEADS_FCN_HEAD_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/layers/batch_norm_conv.h"
#include "model/layers/map_conv.h"

namespace localmamba {

class FcnHead {
 public:
  // `in`: channels of the map. Parameters start with `prefix`.
  FcnHead(ParameterSet& parameters, const std::string& prefix, int64_t in, int64_t channels,
          int64_t num_classes);

  absl::Status Pack(OpContext& context);

  // (B, H, W, in) → (B, H, W, num_classes).
  absl::StatusOr<Value> Forward(OpContext& context, const Value& map) const;

 private:
  // In the official order of parameters.
  MapConv conv_seg_;
  BatchNormConv conv_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_HEADS_FCN_HEAD_H_
