// A tree of files to read: a folder of the file system, or a tar file of one.
#ifndef LOCALMAMBA_MODEL_DATA_FILE_TREE_H_
#define LOCALMAMBA_MODEL_DATA_FILE_TREE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace localmamba {

// Immutable after it was opened, as the files should be; safe to call from several threads.
class FileTree {
 public:
  virtual ~FileTree() = default;

  // `path`: a folder, or a tar file (POSIX or GNU, not compressed), whose headers are read once.
  // Links to files and folders are followed in a folder; in a tar file they are passed over.
  // Errors: NOT_FOUND if there is no such file; INVALID_ARGUMENT if it is no folder and no tar
  //         file or a damaged one, naming the place; PERMISSION_DENIED and others of the system.
  static absl::StatusOr<std::unique_ptr<FileTree>> Open(const std::string& path);

  // As it was opened, for messages.
  [[nodiscard]] virtual const std::string& path() const = 0;

  // Regular files by their paths from the root ("train/cat/1.jpg"), sorted, each once.
  [[nodiscard]] virtual const std::vector<std::string>& files() const = 0;

  // The content of files()[index]. Errors: those of the system, naming the file.
  [[nodiscard]] virtual absl::StatusOr<std::vector<uint8_t>> Read(size_t index) const = 0;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_DATA_FILE_TREE_H_
