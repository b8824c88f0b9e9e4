// Reads the files of an uncompressed zip archive.
#ifndef LOCALMAMBA_MODEL_WEIGHTS_ZIP_ARCHIVE_H_
#define LOCALMAMBA_MODEL_WEIGHTS_ZIP_ARCHIVE_H_

#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

struct zip;

namespace localmamba {

// Used by one thread at a time.
class ZipArchive {
 public:
  // Reads the directory of an archive in memory, which must outlive the result. Errors:
  // INVALID_ARGUMENT if it is no consistent zip archive, two files have one name, or a file is
  // compressed or encrypted (so that what a file claims to hold never exceeds the archive).
  static absl::StatusOr<ZipArchive> Open(absl::Span<const std::byte> bytes);

  ZipArchive(ZipArchive&&) = default;
  ZipArchive& operator=(ZipArchive&&) = default;

  struct File {
    size_t index = 0;
    size_t bytes = 0;
  };
  [[nodiscard]] const std::map<std::string, File>& files() const { return files_; }

  // Fills `destination`, which has file.bytes bytes, and checks the checksum.
  // Errors: INVALID_ARGUMENT if the archive is cut short or the checksum disagrees.
  absl::Status Read(const File& file, absl::Span<std::byte> destination) const;

 private:
  struct Discard {
    void operator()(zip* archive) const;
  };

  ZipArchive() = default;

  std::unique_ptr<zip, Discard> archive_;
  std::map<std::string, File> files_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_WEIGHTS_ZIP_ARCHIVE_H_
