// Reads the weights in a PyTorch checkpoint (torch.save of PyTorch 1.6 and later: a zip archive
// with a pickle). The pickle is read as data; no code in it runs.
#ifndef LOCALMAMBA_MODEL_WEIGHTS_TORCH_CHECKPOINT_H_
#define LOCALMAMBA_MODEL_WEIGHTS_TORCH_CHECKPOINT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "model/weights/host_tensor.h"

namespace localmamba {

struct TorchCheckpoint {
  // The state dict, row-major, in memory of its own: f32 (converted from half, bfloat16 and
  // double), i64, i32 or u8. Names without leading "module." and, unless all is wanted,
  // "backbone.".
  NamedTensors tensors;
  std::string entry;                 // where it was: "state_dict", or "" for the file itself
  std::vector<std::string> skipped;  // what else the file has: "epoch", "optimizer", ...
};

// What is wanted of the state dict of a model with a head for dense prediction.
enum class CheckpointPart : uint8_t { kBackbone, kAll };

// `entry`: the key of the state dict; "" takes the first there is of state_dict, model and
// ema_model, else the file itself. If names start with "backbone.", the others (heads of detectors)
// are skipped unless `part` is kAll. Errors: INVALID_ARGUMENT naming what is wrong: no zip archive, pickle refused, no
// such entry, data missing or of the wrong size, a tensor outside its storage or of an unsupported
// kind, names that agree without their prefixes; RESOURCE_EXHAUSTED.
absl::StatusOr<TorchCheckpoint> ReadTorchCheckpointFromMemory(
    absl::Span<const std::byte> bytes, absl::string_view entry = "",
    CheckpointPart part = CheckpointPart::kBackbone);

// The same on a file. Errors also: those of MappedFile::Open; all name the path.
absl::StatusOr<TorchCheckpoint> ReadTorchCheckpoint(
    const std::string& path, absl::string_view entry = "",
    CheckpointPart part = CheckpointPart::kBackbone);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_WEIGHTS_TORCH_CHECKPOINT_H_
