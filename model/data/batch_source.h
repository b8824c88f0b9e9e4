// Where training gets its batches from.
#ifndef LOCALMAMBA_MODEL_DATA_BATCH_SOURCE_H_
#define LOCALMAMBA_MODEL_DATA_BATCH_SOURCE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "kernels/tensor/tensor.h"

namespace localmamba {

// Dense, in memory of the host. The memory is used again for a later batch once the last Tensor
// that shares it is gone: keep one until copies from it have been done.
struct TrainingBatch {
  Tensor images;           // (B, 3, H, W), float32, normalised
  Tensor targets;          // (B, classes), float32, probabilities
  int64_t unreadable = 0;  // images of the data found unreadable so far, each counted once
  // Of those that this batch has added to them: the file and why.
  std::vector<std::string> newly_unreadable = {};
};

// Endless: an epoch follows the other. Used by one thread at a time.
class BatchSource {
 public:
  virtual ~BatchSource() = default;

  // The batch of the next step. Waits for it. After an error every call returns that error.
  virtual absl::StatusOr<TrainingBatch> Next() = 0;

  // At least 1.
  [[nodiscard]] virtual int64_t steps_per_epoch() const = 0;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_DATA_BATCH_SOURCE_H_
