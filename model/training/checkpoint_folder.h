// The checkpoints of one run: writes new ones, removes old ones, finds the one to go on from.
#ifndef LOCALMAMBA_MODEL_TRAINING_CHECKPOINT_FOLDER_H_
#define LOCALMAMBA_MODEL_TRAINING_CHECKPOINT_FOLDER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "model/training/checkpoint.h"
#include "model/training/recipe.h"

namespace localmamba {

// What decides whether a checkpoint stays.
struct CheckpointRank {
  int64_t step = 0;
  std::optional<double> top1;  // of the epoch that ended with this step, if it was evaluated
};

// The steps that may go: neither among the `keep_last` largest nor among the `keep_best` best (by
// top-1, of equal ones the later).
std::vector<int64_t> StepsToRemove(std::vector<CheckpointRank> checkpoints, int64_t keep_last,
                                   int64_t keep_best);

// Files are <folder>/step-<step, 9 digits>.safetensors. Used by one thread at a time.
class CheckpointFolder {
 public:
  CheckpointFolder(std::string folder, const CheckpointConfig& config)
      : folder_(std::move(folder)), config_(config) {}

  // Writes the checkpoint and then removes those that `config` does not keep. Makes the folder if
  // need be, and removes what an attempt that was killed while it wrote has left there. Returns the
  // path. Errors: those of WriteCheckpoint; older checkpoints are intact then.
  absl::StatusOr<std::string> Write(const Checkpoint& checkpoint);

  struct Found {
    std::optional<Checkpoint> newest;   // none for a fresh start
    std::string path;                   // of it
    std::vector<std::string> warnings;  // newer files that are no complete checkpoints, and why
  };
  // The newest complete checkpoint. Errors: those of the operating system for the folder, if it
  // exists.
  [[nodiscard]] absl::StatusOr<Found> FindNewest() const;

 private:
  [[nodiscard]] std::string PathOf(int64_t step) const;
  // Ascending; empty if there is no folder.
  [[nodiscard]] absl::StatusOr<std::vector<int64_t>> Steps() const;
  absl::Status RemoveTemporaries();
  // Of those that can be read.
  [[nodiscard]] absl::StatusOr<std::vector<CheckpointRank>> Ranks() const;

  std::string folder_;
  CheckpointConfig config_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_TRAINING_CHECKPOINT_FOLDER_H_
