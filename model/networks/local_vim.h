// LocalVim (reference §3): patches with a position embedding through layers of one width, the
// residual stream beside the mixers' outputs.
#ifndef LOCALMAMBA_MODEL_NETWORKS_LOCAL_VIM_H_
#define LOCALMAMBA_MODEL_NETWORKS_LOCAL_VIM_H_

#include <optional>
#include <vector>

#include "model/layers/grid_table.h"
#include "model/layers/linear_layer.h"
#include "model/layers/mamba_mixer.h"
#include "model/layers/norm_layer.h"
#include "model/layers/patch_embed.h"
#include "model/layers/scan_maps.h"
#include "model/networks/network.h"

namespace localmamba {

class LocalVim final : public Network {
 public:
  // `config` is valid.
  explicit LocalVim(const LocalVimConfig& config);

  absl::Status Pack(OpContext& context) override;
  using Network::Forward;
  absl::StatusOr<NetworkOutput> Forward(OpContext& context, const Value& input,
                                        const ForwardOptions& options) override;
  [[nodiscard]] int64_t depth() const override { return config_.scan.depth(); }

 private:
  struct Layer {
    MambaMixer mixer;
    NormLayer norm;
  };
  struct Rope {
    GridTable cos;
    GridTable sin;
  };
  struct Tokens {
    Value values;  // (B, T, E); T = height * width, and one more with a class token
    int64_t height;
    int64_t width;
  };

  GridTable DeclarePosEmbed();
  std::optional<Rope> DeclareRope();

  absl::StatusOr<Tokens> Embed(OpContext& context, const Value& input);
  // Pools, and applies the head.
  absl::Status Classify(OpContext& context, const Value& hidden, const Value& residual,
                        NetworkOutput& output) const;
  // (B, H, W, E).
  absl::StatusOr<Value> Feature(OpContext& context, const Value& hidden, const NormLayer& norm,
                                const Tokens& tokens) const;
  absl::StatusOr<Value> WithoutClassToken(OpContext& context, const Value& x) const;

  // In the official order of parameters.
  LocalVimConfig config_;
  Parameter* class_token_parameter_ = nullptr;
  GridTable pos_embed_;
  PatchEmbed patch_embed_;
  std::optional<Rope> rope_;
  std::optional<LinearLayer> head_;
  std::vector<Layer> layers_;
  std::optional<NormLayer> norm_f_;
  std::vector<NormLayer> out_norms_;

  ScanMapCache scan_maps_;
  Value class_token_;  // (E)
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_NETWORKS_LOCAL_VIM_H_
