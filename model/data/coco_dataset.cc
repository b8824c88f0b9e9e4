#include "model/data/coco_dataset.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"
#include "model/data/readable_file.h"

namespace localmamba {
namespace {

constexpr size_t kNamedAtMost = 3;  // missing files

absl::Status CheckFileName(const std::string& name) {
  const std::vector<absl::string_view> components = absl::StrSplit(name, '/');
  const bool leaves = absl::StartsWith(name, "/") ||
                      std::find(components.begin(), components.end(), "..") != components.end();
  if (!name.empty() && !leaves) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("\"file_name\" is \"", name, "\", wanted a path below the folder of images"));
}

// Folders are listed once: a look at each of 100 000 files takes minutes on a network's disk.
class KnownFiles {
 public:
  explicit KnownFiles(const FileTree& tree) : tree_(tree) {}

  absl::StatusOr<bool> Has(const std::string& path) {
    const size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash);
    auto known = files_.find(folder);
    if (known == files_.end()) {
      const absl::StatusOr<FileTree::Listing> listing = tree_.List(folder);
      if (!listing.ok() && !absl::IsNotFound(listing.status())) return listing.status();
      std::set<std::string> names;
      if (listing.ok()) names.insert(listing->files.begin(), listing->files.end());
      known = files_.emplace(folder, std::move(names)).first;
    }
    return known->second.count(path.substr(slash == std::string::npos ? 0 : slash + 1)) > 0;
  }

 private:
  const FileTree& tree_;
  std::map<std::string, std::set<std::string>> files_;  // by folder
};

absl::Status CheckImages(const CocoGroundTruth& truth, const FileTree& images) {
  KnownFiles known(images);
  std::vector<std::string> missing;
  for (const auto& [id, image] : truth.images) {
    LM_RETURN_IF_ERROR(Annotate(CheckFileName(image.file_name), absl::StrCat("image ", id)));
    LM_ASSIGN_OR_RETURN(const bool found, known.Has(image.file_name));
    if (!found) missing.push_back(image.file_name);
  }
  if (missing.empty()) return absl::OkStatus();
  const size_t named = std::min(kNamedAtMost, missing.size());
  return absl::NotFoundError(absl::StrCat(
      missing.size(), " of ", truth.images.size(), " images are missing: ",
      absl::StrJoin(missing.begin(), missing.begin() + static_cast<ptrdiff_t>(named), ", "),
      missing.size() > named ? ", ..." : ""));
}

}  // namespace

CocoDataset::CocoDataset(CocoGroundTruth truth, std::shared_ptr<const FileTree> images)
    : truth_(std::move(truth)), images_(std::move(images)) {
  for (const auto& [id, image] : truth_.images) ids_.push_back(id);
}

absl::StatusOr<CocoDataset> CocoDataset::Open(const std::string& annotations,
                                              std::shared_ptr<const FileTree> images) {
  LM_ASSIGN_OR_RETURN(const ReadableFile file, ReadableFile::Open(annotations));
  LM_ASSIGN_OR_RETURN(const std::vector<uint8_t> text, file.Read(0, file.size(), kMaxCocoBytes));
  LM_ASSIGN_OR_RETURN(
      CocoGroundTruth truth,
      ParseCocoGroundTruth({reinterpret_cast<const char*>(text.data()), text.size()}, annotations));
  LM_RETURN_IF_ERROR(Annotate(CheckImages(truth, *images), annotations));
  return CocoDataset(std::move(truth), std::move(images));
}

}  // namespace localmamba
