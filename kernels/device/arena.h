// Reuses memory between the operations of a forward pass, so that the hot path allocates nothing.
//
// Blocks that buffers give back are kept and handed out again, best fit first, neighbours merged.
// The same sequence of calls therefore gets the same addresses every time, and after one warm-up
// pass the arena asks its upstream for nothing more. Work enqueued on one stream may reuse a block
// as soon as it is returned, because the stream runs in order: one arena belongs to one stream, or
// its users return only what no stream works on any more.
#ifndef LOCALMAMBA_KERNELS_DEVICE_ARENA_H_
#define LOCALMAMBA_KERNELS_DEVICE_ARENA_H_

#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "kernels/base/mutex.h"
#include "kernels/device/buffer.h"

namespace localmamba {

// Safe to call from several threads. Outlives its buffers; `upstream` outlives the arena.
class Arena final : public Allocator {
 public:
  // Asks `upstream` for `chunk_bytes` at a time (more if one request needs more).
  explicit Arena(Allocator& upstream, size_t chunk_bytes = size_t{32} << 20)
      : upstream_(upstream), chunk_bytes_(chunk_bytes) {}
  ~Arena() override;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  absl::StatusOr<Buffer> Allocate(size_t bytes) override;
  [[nodiscard]] Device device() const override { return upstream_.device(); }

  [[nodiscard]] size_t bytes_in_use() const;
  // Largest bytes_in_use() since the last ResetPeak().
  [[nodiscard]] size_t peak_bytes() const;
  void ResetPeak();
  // Taken from upstream.
  [[nodiscard]] size_t reserved_bytes() const;

  // Keeps the chunks that served an allocation from being released while it lives, though no
  // buffer is left in them: for a recorded graph, which goes on writing there.
  using Footprint = std::vector<std::shared_ptr<const Buffer>>;
  // Of all allocations from the first call to the second.
  void StartFootprint();
  [[nodiscard]] Footprint TakeFootprint();

  // Gives every chunk that holds no buffer and is in no footprint back to upstream.
  void ReleaseUnused();

 private:
  using Chunks = std::map<std::byte*, std::shared_ptr<const Buffer>>;

  void Free(void* data, size_t bytes) override;
  void InsertFree(std::byte* begin, size_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void EraseFree(std::map<std::byte*, size_t>::iterator block) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  Allocator& upstream_;
  const size_t chunk_bytes_;
  mutable Mutex mu_;
  Chunks chunks_ ABSL_GUARDED_BY(mu_);                                         // by address
  std::map<std::byte*, size_t> free_ ABSL_GUARDED_BY(mu_);                     // by address
  std::set<std::pair<size_t, std::byte*>> free_by_size_ ABSL_GUARDED_BY(mu_);  // the same blocks
  size_t bytes_in_use_ ABSL_GUARDED_BY(mu_) = 0;
  size_t peak_bytes_ ABSL_GUARDED_BY(mu_) = 0;
  size_t reserved_bytes_ ABSL_GUARDED_BY(mu_) = 0;
  bool tracking_ ABSL_GUARDED_BY(mu_) = false;
  std::set<std::shared_ptr<const Buffer>> touched_ ABSL_GUARDED_BY(mu_);  // while tracking
};

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_DEVICE_ARENA_H_
