#include "model/data/file_tree.h"

#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "model/data/folder_tree.h"
#include "model/data/tar_tree.h"

namespace localmamba {

absl::StatusOr<std::unique_ptr<FileTree>> FileTree::Open(const std::string& path) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) {
    return absl::NotFoundError(absl::StrCat(path, ": does not exist"));
  }
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat(path, ": cannot stat"));
  if (std::filesystem::is_directory(status)) return std::make_unique<FolderTree>(path);
  return TarTree::Open(path);
}

}  // namespace localmamba
