// A file of the file system, open for reading at any place.
#ifndef LOCALMAMBA_MODEL_DATA_READABLE_FILE_H_
#define LOCALMAMBA_MODEL_DATA_READABLE_FILE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace localmamba {

// Move-only. Safe to read from several threads.
class ReadableFile {
 public:
  // Errors: NOT_FOUND if there is no such file; INVALID_ARGUMENT if it is no regular file; others
  //         of the system. All name the path.
  static absl::StatusOr<ReadableFile> Open(const std::string& path);

  ReadableFile(ReadableFile&& other) noexcept
      : path_(std::move(other.path_)),
        descriptor_(std::exchange(other.descriptor_, -1)),
        size_(other.size_) {}
  ReadableFile& operator=(ReadableFile&&) = delete;
  ~ReadableFile();

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] uint64_t size() const { return size_; }  // when it was opened

  // Fills `bytes` from `offset` on. Errors: OUT_OF_RANGE if the file ends before; others of the
  // system. All name the path.
  absl::Status ReadAt(uint64_t offset, absl::Span<uint8_t> bytes) const;

  // ReadAt into new memory. Errors also: INVALID_ARGUMENT if `size` is above `max_bytes`.
  [[nodiscard]] absl::StatusOr<std::vector<uint8_t>> Read(uint64_t offset, uint64_t size,
                                                          size_t max_bytes) const;

 private:
  ReadableFile(std::string path, int descriptor)
      : path_(std::move(path)), descriptor_(descriptor) {}

  std::string path_;
  int descriptor_;
  uint64_t size_ = 0;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_DATA_READABLE_FILE_H_
