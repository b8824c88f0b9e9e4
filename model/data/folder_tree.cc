#include "model/data/folder_tree.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "model/data/readable_file.h"

namespace localmamba {
namespace {

namespace fs = std::filesystem;

absl::Status FolderError(const fs::path& folder, const std::error_code& error) {
  return absl::ErrnoToStatus(error.value(), absl::StrCat(folder.string(), ": cannot list"));
}

}  // namespace

absl::StatusOr<FileTree::Listing> FolderTree::List(const std::string& folder) const {
  const fs::path path = fs::path(root_) / folder;
  std::error_code error;
  fs::directory_iterator entry(path, error);
  if (error) return FolderError(path, error);
  Listing listing;
  while (entry != fs::directory_iterator()) {
    // A link that leads nowhere is neither of them.
    std::error_code no_target;
    const std::string name = entry->path().filename().string();
    if (entry->is_directory(no_target)) {
      listing.folders.push_back(name);
    } else if (entry->is_regular_file(no_target)) {
      listing.files.push_back(name);
    }
    entry.increment(error);
    if (error) return FolderError(path, error);
  }
  std::sort(listing.folders.begin(), listing.folders.end());
  std::sort(listing.files.begin(), listing.files.end());
  return listing;
}

absl::StatusOr<std::vector<uint8_t>> FolderTree::Read(const std::string& file,
                                                      size_t max_bytes) const {
  LM_ASSIGN_OR_RETURN(const ReadableFile opened, ReadableFile::Open(fs::path(root_) / file));
  return opened.Read(0, opened.size(), max_bytes);
}

}  // namespace localmamba
