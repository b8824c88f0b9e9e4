#include "model/data/readable_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"

namespace localmamba {

absl::StatusOr<ReadableFile> ReadableFile::Open(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return absl::ErrnoToStatus(errno, absl::StrCat(path, ": cannot open"));
  ReadableFile file(path, descriptor);
  struct stat info = {};
  if (fstat(descriptor, &info) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat(path, ": cannot stat"));
  }
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": is not a regular file"));
  }
  file.size_ = static_cast<uint64_t>(info.st_size);
  return file;
}

ReadableFile::~ReadableFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

absl::Status ReadableFile::ReadAt(uint64_t offset, absl::Span<uint8_t> bytes) const {
  while (!bytes.empty()) {
    const ssize_t count =
        pread(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return absl::ErrnoToStatus(errno, absl::StrCat(path_, ": cannot read"));
    if (count == 0) {
      return absl::OutOfRangeError(
          absl::StrCat(path_, ": ends at byte ", offset, ", wanted ", bytes.size(), " more"));
    }
    offset += static_cast<uint64_t>(count);
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<uint8_t>> ReadableFile::Read(uint64_t offset, uint64_t size,
                                                        size_t max_bytes) const {
  if (size > max_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(path_, ": ", size, " bytes, wanted at most ", max_bytes));
  }
  std::vector<uint8_t> bytes(static_cast<size_t>(size));
  LM_RETURN_IF_ERROR(ReadAt(offset, absl::MakeSpan(bytes)));
  return bytes;
}

}  // namespace localmamba
