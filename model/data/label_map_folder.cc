#include "model/data/label_map_folder.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"
#include "model/data/image_names.h"
#include "model/vision/decode_label_map.h"

namespace localmamba {
namespace {

std::string Folder(absl::string_view kind, absl::string_view part) {
  return part.empty() ? std::string(kind) : absl::StrCat(kind, "/", part);
}

std::string LabelMapName(const std::string& image) {
  return absl::StrCat(image.substr(0, image.rfind('.')), ".png");
}

}  // namespace

absl::StatusOr<LabelMapFolder> LabelMapFolder::Open(std::shared_ptr<const FileTree> tree,
                                                    const std::string& part,
                                                    const LabelMapOptions& options) {
  LabelMapFolder result(std::move(tree), part, options);
  const std::string images = Folder("images", part);
  const std::string annotations = Folder("annotations", part);
  LM_ASSIGN_OR_RETURN(const FileTree::Listing listing, result.tree_->List(images));
  LM_ASSIGN_OR_RETURN(const FileTree::Listing labels, result.tree_->List(annotations));
  for (const std::string& name : listing.files) {
    if (!IsImageName(name)) continue;
    const std::string wanted = LabelMapName(name);
    if (!std::binary_search(labels.files.begin(), labels.files.end(), wanted)) {
      return absl::NotFoundError(absl::StrCat("data: ", images, "/", name, " has no label map ",
                                              annotations, "/", wanted));
    }
    result.images_.push_back(name);
  }
  if (result.images_.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("data: ", images, " has no images, wanted .jpg, .jpeg, .png or .webp"));
  }
  return result;
}

std::string LabelMapFolder::path(int64_t index) const {
  return absl::StrCat(Folder("images", part_), "/", images_[static_cast<size_t>(index)]);
}

absl::StatusOr<Tensor> LabelMapFolder::ReadLabels(int64_t index, Allocator& allocator) const {
  const std::string path = absl::StrCat(Folder("annotations", part_), "/",
                                        LabelMapName(images_[static_cast<size_t>(index)]));
  const DecodeLimits limits;
  LM_ASSIGN_OR_RETURN(const std::vector<uint8_t> bytes, tree_->Read(path, limits.max_bytes));
  const absl::StatusOr<Tensor> stored = DecodeLabelMap(bytes, limits, allocator);
  if (!stored.ok()) return Annotate(stored.status(), path);
  LM_ASSIGN_OR_RETURN(Tensor labels, Tensor::Allocate(allocator, DType::kInt32, stored->shape()));
  std::transform(stored->data<uint8_t>(), stored->data<uint8_t>() + stored->elements(),
                 labels.data<int32_t>(), [&](uint8_t label) -> int32_t {
                   if (!options_.reduce_zero_label || label == kIgnored) return label;
                   return label == 0 ? kIgnored : label - 1;
                 });
  return labels;
}

}  // namespace localmamba
