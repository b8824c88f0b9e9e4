// What a detector finds in the images of a data set, as COCO's results.
#ifndef LOCALMAMBA_TOOL_DETECT_IMAGES_H_
#define LOCALMAMBA_TOOL_DETECT_IMAGES_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernels/device/stream.h"
#include "model/data/coco_data.h"
#include "model/data/keep_ratio_loader.h"
#include "model/engine/engine.h"

namespace localmamba::tool {

// An image with its id in the data set.
struct ImageToDetect {
  int64_t id = 0;
  PreparedImage image;
};

// Runs images of one input shape together, so that what is found in one does not depend on the
// others: none is padded for another's sake.
class ImageDetector {
 public:
  // category_of_class: ids by class; objects of classes that have kNoCategory are left out.
  static constexpr int64_t kNoCategory = -1;
  // `engine` and `stream`, of the CPU, outlive it. batch: at least 1.
  ImageDetector(Engine& engine, std::vector<int64_t> category_of_class, int64_t batch,
                Stream& stream)
      : engine_(engine),
        category_of_class_(std::move(category_of_class)),
        batch_(static_cast<size_t>(batch)),
        stream_(stream) {}

  // Keeps the image until there are enough of its shape, or too many are waiting.
  // Errors: those of Engine::Run.
  absl::Status Add(ImageToDetect image);

  // Runs those that wait, and gives all that was found: by image id, best first.
  absl::StatusOr<std::vector<CocoResult>> Finish();

 private:
  using InputShape = std::pair<int64_t, int64_t>;  // height, width

  absl::Status Run(std::vector<ImageToDetect> images);
  absl::Status Collect(const EngineDetections& detections, int64_t row, const ImageToDetect& image);

  Engine& engine_;
  const std::vector<int64_t> category_of_class_;
  const size_t batch_;
  Stream& stream_;
  std::map<InputShape, std::vector<ImageToDetect>> waiting_;
  size_t images_waiting_ = 0;
  std::map<int64_t, std::vector<CocoResult>> found_;  // by image id
};

}  // namespace localmamba::tool

#endif  // LOCALMAMBA_TOOL_DETECT_IMAGES_H_
