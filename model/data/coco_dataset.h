// A part of a data set for detection: COCO's annotations and the images they are of.
#ifndef LOCALMAMBA_MODEL_DATA_COCO_DATASET_H_
#define LOCALMAMBA_MODEL_DATA_COCO_DATASET_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "model/data/coco_data.h"
#include "model/data/file_tree.h"
#include "model/data/image_list.h"

namespace localmamba {

// The largest file of annotations that is read; COCO's largest has 470 MB.
inline constexpr size_t kMaxCocoBytes = size_t{4} << 30;

// Images are ordered by id.
class CocoDataset final : public ImageList {
 public:
  // `annotations`: an instances_*.json. Each file_name is a path in `images`.
  // Errors: those of ParseCocoGroundTruth, naming the file; NOT_FOUND if it or images are missing,
  //         naming the first few of them; INVALID_ARGUMENT for a file_name that is empty or leaves
  //         the tree.
  static absl::StatusOr<CocoDataset> Open(const std::string& annotations,
                                          std::shared_ptr<const FileTree> images);

  [[nodiscard]] const CocoGroundTruth& truth() const { return truth_; }

  [[nodiscard]] int64_t size() const override { return static_cast<int64_t>(ids_.size()); }
  [[nodiscard]] std::string path(int64_t index) const override { return image(index).file_name; }
  [[nodiscard]] absl::StatusOr<std::vector<uint8_t>> Read(int64_t index,
                                                          size_t max_bytes) const override {
    return images_->Read(path(index), max_bytes);
  }

  [[nodiscard]] int64_t id(int64_t index) const { return ids_[static_cast<size_t>(index)]; }
  [[nodiscard]] const CocoImage& image(int64_t index) const { return truth_.images.at(id(index)); }

 private:
  CocoDataset(CocoGroundTruth truth, std::shared_ptr<const FileTree> images);

  CocoGroundTruth truth_;
  std::shared_ptr<const FileTree> images_;
  std::vector<int64_t> ids_;  // ascending
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_DATA_COCO_DATASET_H_
