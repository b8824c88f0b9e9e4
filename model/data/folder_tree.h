// A folder of the file system. See FileTree.
#ifndef LOCALMAMBA_MODEL_DATA_FOLDER_TREE_H_
#define LOCALMAMBA_MODEL_DATA_FOLDER_TREE_H_

#include <string>
#include <utility>
#include <vector>

#include "model/data/file_tree.h"

namespace localmamba {

class FolderTree final : public FileTree {
 public:
  explicit FolderTree(std::string root) : root_(std::move(root)) {}

  [[nodiscard]] absl::StatusOr<Listing> List(const std::string& folder) const override;
  [[nodiscard]] absl::StatusOr<std::vector<uint8_t>> Read(const std::string& file,
                                                          size_t max_bytes) const override;

 private:
  std::string root_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_DATA_FOLDER_TREE_H_
