// Where label maps are made on a device and come back from it.
#ifndef LOCALMAMBA_MODEL_ENGINE_LABEL_MAP_MEMORY_H_
#define LOCALMAMBA_MODEL_ENGINE_LABEL_MAP_MEMORY_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernels/device/buffer.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor.h"
#include "model/engine/label_maps.h"

namespace localmamba {

// The maps of one batch after the other, in one block on the device and one of pinned memory, which
// grow as needed.
class LabelMapMemory {
 public:
  // Makes room for such maps. Errors: those of the allocators, which outlive this.
  absl::Status Reserve(const std::vector<LabelMapSize>& sizes, bool confidence, Allocator& device,
                       Allocator& pinned);
  // The maps that there is room for.
  [[nodiscard]] std::vector<ImageLabels> on_device() const { return MapsIn(device_); }
  // Enqueues one copy of them all to the host.
  absl::Status Fetch(Stream& stream) const;
  // Copies in memory of their own, once the stream has passed Fetch. Errors: RESOURCE_EXHAUSTED.
  [[nodiscard]] absl::StatusOr<std::vector<ImageLabels>> Export() const;
  // Gives all memory back.
  void Release() { *this = LabelMapMemory(); }

 private:
  [[nodiscard]] std::vector<ImageLabels> MapsIn(const Tensor& block) const;

  std::vector<LabelMapSize> sizes_;
  bool confidence_ = false;
  int64_t words_ = 0;  // of all maps: labels and confidences have 32 bits each
  int64_t capacity_ = 0;
  Tensor device_;  // i32
  Tensor pinned_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_ENGINE_LABEL_MAP_MEMORY_H_
