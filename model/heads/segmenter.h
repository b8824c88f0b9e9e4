// A backbone with UPerNet's heads: the official segmentation models.
#ifndef LOCALMAMBA_MODEL_HEADS_SEGMENTER_H_
#define LOCALMAMBA_MODEL_HEADS_SEGMENTER_H_

#include <cstddef>
#include <optional>

#include "model/heads/backbone.h"
#include "model/heads/fcn_head.h"
#include "model/heads/uper_head.h"
#include "model/networks/network.h"

namespace localmamba {

// Forward gives logits (B, H, W, num_classes) at the size of the backbone's first feature map.
// Stages are "backbone.0", ..., "logits" and, of the auxiliary head, "aux_logits".
class Segmenter final : public Network {
 public:
  // Both are valid (model/heads/head_config.h).
  Segmenter(const NetworkConfig& backbone, const SegmentationConfig& config);

  absl::Status Pack(OpContext& context) override;
  using Network::Forward;
  absl::StatusOr<NetworkOutput> Forward(OpContext& context, const Value& input,
                                        const ForwardOptions& options) override;
  [[nodiscard]] int64_t depth() const override { return backbone_.network().depth(); }

 private:
  struct Auxiliary {
    FcnHead head;
    size_t input;
  };

  Backbone backbone_;
  UperHead decode_head_;
  std::optional<Auxiliary> auxiliary_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_HEADS_SEGMENTER_H_
