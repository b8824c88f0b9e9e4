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

// Paths are relative to the root, with slashes: "train/cat/1.jpg"; that of the root is "". The
// files must not change. Safe to call from several threads.
class FileTree {
 public:
  virtual ~FileTree() = default;

  // `path`: a folder, or a tar file (POSIX or GNU, not compressed), whose headers are read once.
  // Links to files and folders are followed in a folder; in a tar file they are passed over.
  // Errors: NOT_FOUND if there is no such file; INVALID_ARGUMENT if it is neither, or a damaged
  //         tar file, naming the place; PERMISSION_DENIED and others of the system.
  static absl::StatusOr<std::unique_ptr<FileTree>> Open(const std::string& path);

  struct Listing {  // names, sorted
    std::vector<std::string> folders;
    std::vector<std::string> files;
  };
  // Errors: NOT_FOUND if there is no such folder; others of the system. All name it.
  [[nodiscard]] virtual absl::StatusOr<Listing> List(const std::string& folder) const = 0;

  // The content of a file. Errors: NOT_FOUND if there is no such file; INVALID_ARGUMENT if it is
  // larger than `max_bytes`; others of the system. All name it.
  [[nodiscard]] virtual absl::StatusOr<std::vector<uint8_t>> Read(const std::string& file,
                                                                  size_t max_bytes) const = 0;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_DATA_FILE_TREE_H_
