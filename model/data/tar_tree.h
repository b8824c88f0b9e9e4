// The tree of files in a tar file. See FileTree.
#ifndef LOCALMAMBA_MODEL_DATA_TAR_TREE_H_
#define LOCALMAMBA_MODEL_DATA_TAR_TREE_H_

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "model/data/file_tree.h"
#include "model/data/readable_file.h"
#include "model/data/tar_index.h"

namespace localmamba {

// Of several entries of one path the last counts, as it does when they are extracted.
class TarTree final : public FileTree {
 public:
  // Errors: those of ReadableFile::Open and IndexTar.
  static absl::StatusOr<std::unique_ptr<FileTree>> Open(const std::string& path);

  [[nodiscard]] absl::StatusOr<Listing> List(const std::string& folder) const override;
  [[nodiscard]] absl::StatusOr<std::vector<uint8_t>> Read(const std::string& file,
                                                          size_t max_bytes) const override;

 private:
  struct Extent {
    uint64_t offset = 0;
    uint64_t size = 0;
  };
  struct Folder {
    std::map<std::string, Extent> files;  // by name, as the folders
    std::map<std::string, std::unique_ptr<Folder>> folders;
  };

  explicit TarTree(ReadableFile file) : file_(std::move(file)) {}

  void Add(const TarEntry& entry);
  // Null if there is no such folder.
  [[nodiscard]] const Folder* Find(const std::string& folder) const;
  [[nodiscard]] absl::Status Missing(const std::string& path) const;

  ReadableFile file_;
  Folder root_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_DATA_TAR_TREE_H_
