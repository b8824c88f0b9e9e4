#include "model/data/image_folder.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "kernels/base/status_macros.h"
#include "model/data/image_names.h"
#include "model/data/utf8.h"

namespace localmamba {
namespace {

std::vector<std::string> Visible(const std::vector<std::string>& names) {
  std::vector<std::string> visible;
  std::copy_if(names.begin(), names.end(), std::back_inserter(visible),
               [](const std::string& name) { return !IsHiddenName(name); });
  return visible;
}

// Names of classes go into JSON and messages: labels, checkpoints, answers of a server.
absl::Status CheckClassNames(const std::string& part, const std::vector<std::string>& classes) {
  for (const std::string& name : classes) {
    if (IsUtf8(name)) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("data: class folder ", part, "/", absl::CHexEscape(name), ": wanted UTF-8"));
  }
  return absl::OkStatus();
}

// NOT_FOUND naming what is there, if `part` is not.
absl::StatusOr<FileTree::Listing> ListPart(const FileTree& tree, const std::string& part) {
  absl::StatusOr<FileTree::Listing> listing = tree.List(part);
  if (listing.ok() || !absl::IsNotFound(listing.status())) return listing;
  LM_ASSIGN_OR_RETURN(const FileTree::Listing root, tree.List(""));
  return absl::NotFoundError(
      absl::StrCat("data: no folder \"", part, "\"; there are: ",
                   root.folders.empty() ? "none" : absl::StrJoin(Visible(root.folders), ", ")));
}

}  // namespace

absl::StatusOr<ImageFolder> ImageFolder::Open(std::shared_ptr<const FileTree> tree,
                                              const std::string& part) {
  LM_ASSIGN_OR_RETURN(const FileTree::Listing listing, ListPart(*tree, part));
  ImageFolder result(std::move(tree), part);
  result.classes_ = Visible(listing.folders);
  if (result.classes_.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("data: ", part, " has no folders, wanted one of images per class"));
  }
  LM_RETURN_IF_ERROR(CheckClassNames(part, result.classes_));
  for (size_t label = 0; label < result.classes_.size(); ++label) {
    const std::string folder = absl::StrCat(part, "/", result.classes_[label]);
    LM_ASSIGN_OR_RETURN(const FileTree::Listing images, result.tree_->List(folder));
    const size_t before = result.images_.size();
    for (const std::string& name : images.files) {
      if (IsImageName(name)) result.images_.push_back({static_cast<int64_t>(label), name});
    }
    if (result.images_.size() == before) {
      return absl::InvalidArgumentError(absl::StrCat(
          "data: class folder ", folder, " has no images, wanted .jpg, .jpeg, .png or .webp"));
    }
  }
  return result;
}

std::string ImageFolder::path(int64_t index) const {
  const Image& image = At(index);
  return absl::StrCat(part_, "/", classes_[static_cast<size_t>(image.label)], "/", image.name);
}

absl::StatusOr<std::vector<uint8_t>> ImageFolder::Read(int64_t index, size_t max_bytes) const {
  return tree_->Read(path(index), max_bytes);
}

ImageFolder ImageFolder::Select(const std::vector<int64_t>& indices) const {
  ImageFolder result = *this;
  result.images_.clear();
  for (const int64_t index : indices) result.images_.push_back(At(index));
  return result;
}

absl::StatusOr<ImageFolder> ImageFolder::Relabel(std::vector<std::string> classes) const {
  std::vector<int64_t> new_label;
  for (const std::string& name : classes_) {
    const auto found = std::lower_bound(classes.begin(), classes.end(), name);
    if (found == classes.end() || *found != name) {
      return absl::InvalidArgumentError(absl::StrCat("data: class \"", name, "\" of ", part_,
                                                     " is not among the ", classes.size(),
                                                     " that training has"));
    }
    new_label.push_back(found - classes.begin());
  }
  ImageFolder result = *this;
  for (Image& image : result.images_) image.label = new_label[static_cast<size_t>(image.label)];
  result.classes_ = std::move(classes);
  return result;
}

}  // namespace localmamba
