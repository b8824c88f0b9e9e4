// LocalVMamba (reference §4): stages of blocks on an ever coarser grid, ordinary residuals.
#ifndef LOCALMAMBA_MODEL_NETWORKS_LOCAL_VMAMBA_H_
#define LOCALMAMBA_MODEL_NETWORKS_LOCAL_VMAMBA_H_

#include <optional>
#include <vector>

#include "model/layers/linear_layer.h"
#include "model/layers/norm_layer.h"
#include "model/layers/patch_embed.h"
#include "model/layers/patch_merging.h"
#include "model/layers/scan_maps.h"
#include "model/layers/ss2d.h"
#include "model/networks/network.h"

namespace localmamba {

class LocalVMamba final : public Network {
 public:
  // `config` is valid.
  explicit LocalVMamba(const LocalVMambaConfig& config);

  absl::Status Pack(OpContext& context) override;
  using Network::Forward;
  absl::StatusOr<NetworkOutput> Forward(OpContext& context, const Value& input,
                                        const ForwardOptions& options) override;
  [[nodiscard]] int64_t depth() const override { return config_.scan.depth(); }

 private:
  struct Block {
    LayerDirections directions;
    NormLayer norm;
    Ss2d op;
  };
  struct Stage {
    size_t first_layer;  // number of its first block, over all stages
    std::vector<Block> blocks;
    std::optional<PatchMerging> downsample;  // to the next stage
  };
  struct Classifier {
    NormLayer norm;
    LinearLayer head;
  };

  Stage DeclareStage(size_t s, size_t first_layer);
  absl::StatusOr<Value> Embed(OpContext& context, const Value& input) const;
  // x: (B, H, W, C), through the blocks of stage s.
  absl::StatusOr<Value> RunBlocks(OpContext& context, size_t s, const Value& x,
                                  const ForwardOptions& options);
  absl::Status Classify(OpContext& context, const Value& x, NetworkOutput& output) const;

  // In the official order of parameters.
  LocalVMambaConfig config_;
  PatchEmbed patch_embed_;
  NormLayer patch_norm_;
  std::vector<Stage> stages_;
  std::optional<Classifier> classifier_;
  std::vector<NormLayer> out_norms_;

  ScanMapCache scan_maps_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_NETWORKS_LOCAL_VMAMBA_H_
