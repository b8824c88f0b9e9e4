// Memory that clients on the same machine share with the server, so that tensors need not travel in
// messages.
#ifndef LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_SHARED_MEMORY_H_
#define LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_SHARED_MEMORY_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "kernels/base/mutex.h"
#include "server/rpc/open_inference/infer_parameters.h"

namespace localmamba::server {

// A part of a POSIX shared memory object, which stays open as long as this lives. It is read and
// written by system calls, not mapped: its owner may cut it off at any time, and that must end as an
// error here, not as a bus error; and what has been checked cannot change afterwards.
class SharedMemoryRegion {
 public:
  // `fd` is closed in the end.
  SharedMemoryRegion(std::string key, int fd, uint64_t offset, uint64_t byte_size)
      : key_(std::move(key)), fd_(fd), offset_(offset), byte_size_(byte_size) {}
  SharedMemoryRegion(const SharedMemoryRegion&) = delete;
  SharedMemoryRegion& operator=(const SharedMemoryRegion&) = delete;
  ~SharedMemoryRegion();

  [[nodiscard]] const std::string& key() const { return key_; }
  [[nodiscard]] uint64_t offset() const { return offset_; }
  [[nodiscard]] uint64_t byte_size() const { return byte_size_; }

  // Of a slice within the region. Errors: INVALID_ARGUMENT if the object has become smaller;
  // INTERNAL for any other failure of the system.
  [[nodiscard]] absl::StatusOr<std::vector<uint8_t>> Read(uint64_t offset,
                                                          uint64_t byte_size) const;
  [[nodiscard]] absl::Status Write(uint64_t offset, absl::string_view bytes) const;

 private:
  // OK if the object reaches as far as `end`, which is relative to the region.
  [[nodiscard]] absl::Status CheckReaches(uint64_t end) const;

  const std::string key_;
  const int fd_;
  const uint64_t offset_;
  const uint64_t byte_size_;
};

// What a server without shared memory answers: UNIMPLEMENTED naming the flag.
absl::Status SharedMemoryIsOff();

// Regions by the names that clients gave them. Safe from several threads. A request that uses a
// region keeps it, even if it is unregistered meanwhile.
class SharedMemoryRegions {
 public:
  using Handle = std::shared_ptr<const SharedMemoryRegion>;

  // `key` is a name for shm_open: "/" and 1 to 254 further characters without "/".
  // Errors: INVALID_ARGUMENT for a name, key or range that does not do, NOT_FOUND if there is no
  // such object, ALREADY_EXISTS for a name in use.
  absl::Status Register(const std::string& name, const std::string& key, uint64_t offset,
                        uint64_t byte_size) ABSL_LOCKS_EXCLUDED(mu_);

  // "" means all. One that is not registered stays so.
  void Unregister(absl::string_view name) ABSL_LOCKS_EXCLUDED(mu_);

  // "" means all. Errors: NOT_FOUND for any other name that is not registered.
  [[nodiscard]] absl::StatusOr<std::map<std::string, Handle>> Status(absl::string_view name) const
      ABSL_LOCKS_EXCLUDED(mu_);

  // The region of `slice`, which lies in it. `tensor` names its owner in messages.
  // Errors: NOT_FOUND if there is none; INVALID_ARGUMENT if the slice reaches beyond it.
  [[nodiscard]] absl::StatusOr<Handle> Find(const SharedMemorySlice& slice,
                                            absl::string_view tensor) const
      ABSL_LOCKS_EXCLUDED(mu_);

 private:
  mutable Mutex mu_;
  std::map<std::string, Handle, std::less<>> regions_ ABSL_GUARDED_BY(mu_);
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_SHARED_MEMORY_H_
