// Writes a file that is either there in full or not at all.
#ifndef LOCALMAMBA_MODEL_WEIGHTS_ATOMIC_FILE_H_
#define LOCALMAMBA_MODEL_WEIGHTS_ATOMIC_FILE_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace localmamba {

// Bytes go to a temporary file in the same folder; Commit makes them durable and renames it over
// `path`. Without Commit the temporary file is removed and `path` stays as it was.
class AtomicFile {
 public:
  // Errors (here and below): NOT_FOUND, PERMISSION_DENIED, RESOURCE_EXHAUSTED (disk full) or
  // INTERNAL, naming the path.
  static absl::StatusOr<AtomicFile> Create(const std::string& path);

  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  absl::Status Write(absl::Span<const std::byte> bytes);
  absl::Status Write(absl::string_view text);
  // Last call on this object.
  absl::Status Commit();

 private:
  AtomicFile(std::string path, std::string temporary, int file);

  [[nodiscard]] absl::Status Error(absl::string_view what) const;

  std::string path_;
  std::string temporary_;
  int file_ = -1;  // -1 once closed or moved from
};

// Whether a file of this name is one that an AtomicFile writes to before Commit. After that, only a
// process that was killed leaves one behind.
bool IsTemporaryName(absl::string_view name);

// Create, Write, Commit.
absl::Status WriteFileAtomically(const std::string& path, absl::string_view text);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_WEIGHTS_ATOMIC_FILE_H_
