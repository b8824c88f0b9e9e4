#include "server/rpc/open_inference/shared_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "server/rpc/open_inference/quoted.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {
namespace {

constexpr size_t kMaxNameBytes = 255;
constexpr auto kMaxOffset = static_cast<uint64_t>(std::numeric_limits<off_t>::max());

absl::Status NotFound(const std::string& text) {
  return Reject(RejectReason::kInvalidRequest, absl::NotFoundError(text));
}

absl::Status CheckKey(const std::string& key) {
  const absl::string_view file = absl::string_view(key).substr(key.empty() ? 0 : 1);
  if (!key.empty() && key[0] == '/' && !file.empty() && key.size() <= kMaxNameBytes &&
      !absl::StrContains(file, '/') && !absl::StrContains(file, '\0')) {
    return absl::OkStatus();
  }
  return InvalidRequest(absl::StrCat(
      "key: found ", Quoted(key), ", wanted \"/\" and 1 to 254 further characters without \"/\""));
}

// Whether [offset, offset + byte_size) lies in [0, size).
bool Lies(uint64_t offset, uint64_t byte_size, uint64_t size) {
  return offset <= size && byte_size <= size - offset;
}

absl::StatusOr<uint64_t> SizeOfObject(int fd, absl::string_view key) {
  struct stat status = {};
  if (fstat(fd, &status) != 0) {
    return absl::InternalError(
        absl::StrCat("shared memory ", Quoted(key), ": ", std::strerror(errno)));
  }
  return static_cast<uint64_t>(status.st_size);
}

// Moves `bytes` through `call` (pread or pwrite), however many it takes at a time.
template <class Call>
absl::Status Transfer(Call call, uint64_t offset, size_t bytes, absl::string_view key) {
  size_t done = 0;
  while (done < bytes) {
    const ssize_t moved = call(done, bytes - done, static_cast<off_t>(offset + done));
    if (moved > 0) {
      done += static_cast<size_t>(moved);
    } else if (moved == 0) {
      return InvalidRequest(absl::StrCat("shared memory ", Quoted(key), " has become smaller"));
    } else if (errno != EINTR) {
      return absl::InternalError(
          absl::StrCat("shared memory ", Quoted(key), ": ", std::strerror(errno)));
    }
  }
  return absl::OkStatus();
}

}  // namespace

SharedMemoryRegion::~SharedMemoryRegion() { close(fd_); }

absl::StatusOr<std::vector<uint8_t>> SharedMemoryRegion::Read(uint64_t offset,
                                                              uint64_t byte_size) const {
  LM_RETURN_IF_ERROR(CheckReaches(offset + byte_size));  // before memory is taken
  std::vector<uint8_t> bytes(byte_size);
  LM_RETURN_IF_ERROR(
      Transfer([&](size_t at, size_t count,
                   off_t from) { return pread(fd_, bytes.data() + at, count, from); },
               offset_ + offset, bytes.size(), key_));
  return bytes;
}

absl::Status SharedMemoryRegion::Write(uint64_t offset, absl::string_view bytes) const {
  LM_RETURN_IF_ERROR(CheckReaches(offset + bytes.size()));  // a write would make it larger
  return Transfer(
      [&](size_t at, size_t count, off_t to) { return pwrite(fd_, bytes.data() + at, count, to); },
      offset_ + offset, bytes.size(), key_);
}

absl::Status SharedMemoryRegion::CheckReaches(uint64_t end) const {
  LM_ASSIGN_OR_RETURN(const uint64_t size, SizeOfObject(fd_, key_));
  if (Lies(offset_, end, size)) return absl::OkStatus();
  return InvalidRequest(absl::StrCat("shared memory ", Quoted(key_), " has become smaller: found ",
                                     size, " bytes, wanted ", offset_ + end));
}

absl::Status SharedMemoryIsOff() {
  return Reject(RejectReason::kInvalidRequest,
                absl::UnimplementedError("shared memory is switched off on this server "
                                         "(--system-shared-memory)"));
}

absl::Status SharedMemoryRegions::Register(const std::string& name, const std::string& key,
                                           uint64_t offset, uint64_t byte_size) {
  if (name.empty() || name.size() > kMaxNameBytes) {
    return InvalidRequest(
        absl::StrCat("name: found ", Quoted(name), ", wanted 1 to ", kMaxNameBytes, " bytes"));
  }
  LM_RETURN_IF_ERROR(CheckKey(key));
  if (byte_size == 0) return InvalidRequest("byte_size: found 0, wanted 1 or more");
  if (!Lies(offset, byte_size, kMaxOffset)) {
    return InvalidRequest(absl::StrCat("offset and byte_size: found ", offset, " and ", byte_size,
                                       ", wanted at most ", kMaxOffset, " together"));
  }
  const int fd = shm_open(key.c_str(), O_RDWR | O_CLOEXEC, 0);
  if (fd < 0) {
    return NotFound(absl::StrCat("key: cannot open ", Quoted(key), ": ", std::strerror(errno)));
  }
  auto region = std::make_shared<const SharedMemoryRegion>(key, fd, offset, byte_size);
  LM_ASSIGN_OR_RETURN(const uint64_t size, SizeOfObject(fd, key));
  if (!Lies(offset, byte_size, size)) {
    return InvalidRequest(absl::StrCat("offset and byte_size: found ", offset, " and ", byte_size,
                                       ", but ", Quoted(key), " has ", size, " bytes"));
  }
  const MutexLock lock(mu_);
  if (!regions_.emplace(name, std::move(region)).second) {
    return Reject(RejectReason::kInvalidRequest,
                  absl::AlreadyExistsError(absl::StrCat("name: a region ", Quoted(name),
                                                        " is registered, wanted another name")));
  }
  return absl::OkStatus();
}

void SharedMemoryRegions::Unregister(absl::string_view name) {
  std::map<std::string, Handle, std::less<>> removed;  // outlives the lock
  const MutexLock lock(mu_);
  if (name.empty()) {
    removed.swap(regions_);
  } else if (const auto found = regions_.find(name); found != regions_.end()) {
    removed.insert(regions_.extract(found));
  }
}

absl::StatusOr<std::map<std::string, SharedMemoryRegions::Handle>> SharedMemoryRegions::Status(
    absl::string_view name) const {
  const MutexLock lock(mu_);
  std::map<std::string, Handle> result;
  if (name.empty()) {
    result.insert(regions_.begin(), regions_.end());
    return result;
  }
  const auto found = regions_.find(name);
  if (found == regions_.end()) {
    return NotFound(absl::StrCat("name: no region ", Quoted(name), " is registered"));
  }
  result.insert(*found);
  return result;
}

absl::StatusOr<SharedMemoryRegions::Handle> SharedMemoryRegions::Find(
    const SharedMemorySlice& slice, absl::string_view tensor) const {
  Handle region;
  {
    const MutexLock lock(mu_);
    const auto found = regions_.find(slice.region);
    if (found != regions_.end()) region = found->second;
  }
  if (region == nullptr) {
    return NotFound(
        absl::StrCat(tensor, ": no shared memory region ", Quoted(slice.region), " is registered"));
  }
  if (!Lies(slice.offset, slice.byte_size, region->byte_size())) {
    return InvalidRequest(absl::StrCat(tensor, ": found bytes from ", slice.offset, ", ",
                                       slice.byte_size, " of them, in region ",
                                       Quoted(slice.region), ", which has ", region->byte_size()));
  }
  return region;
}

}  // namespace localmamba::server
