// Predicts the mask of each detection inside its box (reference H, section 7).
#ifndef LOCALMAMBA_MODEL_HEADS_MASK_HEAD_H_
#define LOCALMAMBA_MODEL_HEADS_MASK_HEAD_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/heads/conv_stack.h"
#include "model/heads/detection_config.h"
#include "model/heads/neck.h"
#include "model/layers/map_conv.h"
#include "model/layers/transposed_conv.h"

namespace localmamba {

inline constexpr int64_t kMaskSize = 28;  // cells a side

class MaskHead {
 public:
  MaskHead(ParameterSet& parameters, const DetectionConfig& config);

  absl::Status Pack(OpContext& context);
  // boxes: (B, R, 4); classes: (B, R), i32, dense; counts: (B), i32.
  // Returns the logits of each box's class, (B, R, kMaskSize, kMaskSize). Those of rows from
  // counts[b] on mean nothing.
  [[nodiscard]] absl::StatusOr<Value> Forward(OpContext& context, const Pyramid& pyramid,
                                              const Value& boxes, const Value& classes,
                                              const Value& counts) const;

 private:
  int64_t channels_;
  ConvStack convs_;
  TransposedConv upsample_;
  MapConv logits_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_HEADS_MASK_HEAD_H_
