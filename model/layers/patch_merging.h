// PatchMerging2D: halves the grid of LocalVMamba between stages. Four neighbouring cells become
// one, LayerNorm, then a linear layer without bias.
#ifndef LOCALMAMBA_MODEL_LAYERS_PATCH_MERGING_H_
#define LOCALMAMBA_MODEL_LAYERS_PATCH_MERGING_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/layers/linear_layer.h"
#include "model/layers/norm_layer.h"

namespace localmamba {

class PatchMerging {
 public:
  PatchMerging(ParameterSet& parameters, const std::string& prefix, int64_t in, int64_t out);

  absl::Status Pack(OpContext& context);
  // (B, H, W, in) → (B, ceil(H/2), ceil(W/2), out).
  [[nodiscard]] absl::StatusOr<Value> Forward(OpContext& context, const Value& x) const;

 private:
  LinearLayer reduction_;
  NormLayer norm_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_LAYERS_PATCH_MERGING_H_
