// A whole file in memory without reading it up front.
#ifndef LOCALMAMBA_MODEL_WEIGHTS_MAPPED_FILE_H_
#define LOCALMAMBA_MODEL_WEIGHTS_MAPPED_FILE_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace localmamba {

// The bytes may be written to: changes are private to the process and never reach the file. Replace
// a file that is mapped by renaming another over it (AtomicFile does); one that is cut short while
// mapped makes reads of the lost part fail with SIGBUS.
class MappedFile {
 public:
  // Errors: NOT_FOUND if there is no such file; INVALID_ARGUMENT if it is empty or no regular file;
  //         PERMISSION_DENIED; INTERNAL for any other failure. All name the path.
  static absl::StatusOr<std::shared_ptr<MappedFile>> Open(const std::string& path);

  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  [[nodiscard]] absl::Span<std::byte> bytes() const { return bytes_; }

 private:
  explicit MappedFile(absl::Span<std::byte> bytes) : bytes_(bytes) {}

  absl::Span<std::byte> bytes_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_WEIGHTS_MAPPED_FILE_H_
