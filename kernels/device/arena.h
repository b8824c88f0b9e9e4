// Reuses memory between the operations of a forward pass, so that the hot path allocates nothing.
//
// Blocks that buffers give back are kept and handed out again, best fit first, neighbours merged.
// The same sequence of calls therefore gets the same addresses every time, and after one warm-up
// pass the arena asks its upstream for nothing more. Work enqueued on one stream may reuse a block
// as soon as it is returned, because the stream runs in order: one arena belongs to one stream.
#ifndef LOCALMAMBA_KERNELS_DEVICE_ARENA_H_
#define LOCALMAMBA_KERNELS_DEVICE_ARENA_H_

#include <cstddef>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "kernels/device/buffer.h"

namespace localmamba {

// Not safe for use from several threads at once. Outlives its buffers; `upstream` outlives the
// arena.
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

  [[nodiscard]] size_t bytes_in_use() const { return bytes_in_use_; }
  // Largest bytes_in_use() so far.
  [[nodiscard]] size_t peak_bytes() const { return peak_bytes_; }
  // Taken from upstream.
  [[nodiscard]] size_t reserved_bytes() const { return reserved_bytes_; }
  // Gives every chunk that holds no buffer back to upstream.
  void ReleaseUnused();

 private:
  void Free(void* data, size_t bytes) override;
  void InsertFree(std::byte* begin, size_t bytes);
  void EraseFree(std::map<std::byte*, size_t>::iterator block);

  Allocator& upstream_;
  const size_t chunk_bytes_;
  std::map<std::byte*, Buffer> chunks_;                   // by address
  std::map<std::byte*, size_t> free_;                     // by address
  std::set<std::pair<size_t, std::byte*>> free_by_size_;  // the same blocks
  size_t bytes_in_use_ = 0;
  size_t peak_bytes_ = 0;
  size_t reserved_bytes_ = 0;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_DEVICE_ARENA_H_
