// A part of a data set for segmentation: a folder of images beside one of label maps.
#ifndef LOCALMAMBA_MODEL_DATA_LABEL_MAP_FOLDER_H_
#define LOCALMAMBA_MODEL_DATA_LABEL_MAP_FOLDER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "kernels/device/buffer.h"
#include "kernels/tensor/tensor.h"
#include "model/data/file_tree.h"
#include "model/data/image_list.h"

namespace localmamba {

struct LabelMapOptions {
  // As in ADE20K, where 0 says that a pixel is of no class and classes count from 1: 0 becomes
  // ignored and the others one less.
  bool reduce_zero_label = false;
};

// images/PART/NAME.{jpg,jpeg,png,webp} and annotations/PART/NAME.png of a file tree, ordered by
// name; other files and names that begin with a dot are passed over. PART may be "".
class LabelMapFolder final : public ImageList {
 public:
  static constexpr int32_t kIgnored = 255;  // the label of pixels that do not count

  // Errors: NOT_FOUND if a folder is missing, naming it, or an image has no label map, naming that;
  //         INVALID_ARGUMENT if there are no images; those of FileTree::List.
  static absl::StatusOr<LabelMapFolder> Open(std::shared_ptr<const FileTree> tree,
                                             const std::string& part,
                                             const LabelMapOptions& options);

  [[nodiscard]] int64_t size() const override { return static_cast<int64_t>(images_.size()); }
  [[nodiscard]] std::string path(int64_t index) const override;
  [[nodiscard]] absl::StatusOr<std::vector<uint8_t>> Read(int64_t index,
                                                          size_t max_bytes) const override {
    return tree_->Read(path(index), max_bytes);
  }

  // The class of each pixel or kIgnored, (H, W), i32, dense, from `allocator`.
  // Errors: those of FileTree::Read and DecodeLabelMap, naming the file.
  [[nodiscard]] absl::StatusOr<Tensor> ReadLabels(int64_t index, Allocator& allocator) const;

 private:
  LabelMapFolder(std::shared_ptr<const FileTree> tree, std::string part,
                 const LabelMapOptions& options)
      : tree_(std::move(tree)), part_(std::move(part)), options_(options) {}

  std::shared_ptr<const FileTree> tree_;
  std::string part_;
  LabelMapOptions options_;
  std::vector<std::string> images_;  // names of files
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_DATA_LABEL_MAP_FOLDER_H_
