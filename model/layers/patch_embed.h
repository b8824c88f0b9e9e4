// Patch embedding: a convolution whose stride is its size, images to tokens.
#ifndef LOCALMAMBA_MODEL_LAYERS_PATCH_EMBED_H_
#define LOCALMAMBA_MODEL_LAYERS_PATCH_EMBED_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/autograd/op_context.h"
#include "model/weights/parameter_set.h"

namespace localmamba {

class PatchEmbed {
 public:
  // What happens to rows and columns that do not fill a patch: LocalVim fills up with zeros at the
  // bottom and right, LocalVMamba leaves them out.
  enum class Border : uint8_t { kPad, kDrop };

  PatchEmbed(ParameterSet& parameters, const std::string& name, int64_t patch_size, int64_t width,
             Border border);

  absl::Status Pack(OpContext& context);
  // (B, 3, H, W) → (B, H/P, W/P, width), rounded up or down. With kDrop, H and W are at least P.
  [[nodiscard]] absl::StatusOr<Value> Forward(OpContext& context, const Value& image) const;

 private:
  int64_t patch_size_;
  Border border_;
  Parameter* weight_parameter_;
  Parameter* bias_parameter_;
  Value weight_;
  Value bias_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_LAYERS_PATCH_EMBED_H_
