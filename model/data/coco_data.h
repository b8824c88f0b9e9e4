// Ground truth and results of object detection in COCO's JSON files.
#ifndef LOCALMAMBA_MODEL_DATA_COCO_DATA_H_
#define LOCALMAMBA_MODEL_DATA_COCO_DATA_H_

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "kernels/detection/run_lengths.h"

namespace localmamba {

// The longest side of an image in pixels.
inline constexpr int64_t kMaxCocoSide = 32768;

// x, y, width, height in pixels of the image.
using CocoBox = std::array<double, 4>;

struct CocoImage {
  std::string file_name;
  int64_t height = 0;
  int64_t width = 0;
};

// An annotation.
struct CocoObject {
  int64_t image_id = 0;
  int64_t category_id = 0;
  CocoBox box{};
  double area = 0;
  bool crowd = false;
  RunLengths mask;
};

struct CocoGroundTruth {
  std::map<int64_t, CocoImage> images;        // by id
  std::map<int64_t, std::string> categories;  // name by id
  std::vector<int64_t> category_order;        // ids in the order of the file
  std::vector<CocoObject> objects;            // in the order of the file
};

// A detection: a box, a mask, or both.
struct CocoResult {
  int64_t image_id = 0;
  int64_t category_id = 0;
  double score = 0;
  CocoBox box{};
  RunLengths mask;  // empty (0 x 0) in a file of boxes
};

// An instances_*.json. Segmentations are polygons, run lengths as numbers or as compressed text; an
// object without one has an empty mask. `source` names the text in messages. Errors:
// INVALID_ARGUMENT naming source and entry: no JSON, a field that is missing or of another type, a
// number out of range, an unknown image or category, an identifier that occurs twice.
absl::StatusOr<CocoGroundTruth> ParseCocoGroundTruth(absl::string_view json,
                                                     absl::string_view source);

// The ground truth of these images alone, with all categories.
CocoGroundTruth SelectImages(const CocoGroundTruth& truth, const std::set<int64_t>& image_ids);

// A results file. Errors: as above.
absl::StatusOr<std::vector<CocoResult>> ParseCocoResults(absl::string_view json,
                                                         absl::string_view source);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_DATA_COCO_DATA_H_
