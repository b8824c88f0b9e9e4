#include "model/data/tar_tree.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"

namespace localmamba {
namespace {

// "a/b/c" to "a/b" and "c".
std::pair<std::string, std::string> SplitLast(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {"", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

std::vector<std::string> Components(const std::string& path) {
  return absl::StrSplit(path, '/', absl::SkipEmpty());
}

}  // namespace

absl::StatusOr<std::unique_ptr<FileTree>> TarTree::Open(const std::string& path) {
  LM_ASSIGN_OR_RETURN(ReadableFile file, ReadableFile::Open(path));
  LM_ASSIGN_OR_RETURN(const std::vector<TarEntry> entries, IndexTar(file));
  auto tree = std::unique_ptr<TarTree>(new TarTree(std::move(file)));
  for (const TarEntry& entry : entries) tree->Add(entry);
  return tree;
}

void TarTree::Add(const TarEntry& entry) {
  const auto [parent, name] = SplitLast(entry.path);
  Folder* folder = &root_;
  for (const std::string& component : Components(entry.folder ? entry.path : parent)) {
    std::unique_ptr<Folder>& child = folder->folders[component];
    if (child == nullptr) child = std::make_unique<Folder>();
    folder = child.get();
  }
  if (!entry.folder) folder->files[name] = {entry.offset, entry.size};
}

const TarTree::Folder* TarTree::Find(const std::string& folder) const {
  const Folder* found = &root_;
  for (const std::string& component : Components(folder)) {
    const auto child = found->folders.find(component);
    if (child == found->folders.end()) return nullptr;
    found = child->second.get();
  }
  return found;
}

absl::Status TarTree::Missing(const std::string& path) const {
  return absl::NotFoundError(absl::StrCat(file_.path(), ": has no ", path));
}

absl::StatusOr<FileTree::Listing> TarTree::List(const std::string& folder) const {
  const Folder* found = Find(folder);
  if (found == nullptr) return Missing(folder);
  Listing listing;
  for (const auto& [name, child] : found->folders) listing.folders.push_back(name);
  for (const auto& [name, extent] : found->files) listing.files.push_back(name);
  return listing;
}

absl::StatusOr<std::vector<uint8_t>> TarTree::Read(const std::string& file,
                                                   size_t max_bytes) const {
  const auto [parent, name] = SplitLast(file);
  const Folder* folder = Find(parent);
  if (folder == nullptr) return Missing(file);
  const auto found = folder->files.find(name);
  if (found == folder->files.end()) return Missing(file);
  absl::StatusOr<std::vector<uint8_t>> bytes =
      file_.Read(found->second.offset, found->second.size, max_bytes);
  if (!bytes.ok()) return Annotate(bytes.status(), file);
  return bytes;
}

}  // namespace localmamba
