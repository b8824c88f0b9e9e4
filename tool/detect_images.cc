#include "tool/detect_images.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"
#include "model/vision/detected_objects.h"
#include "model/weights/host_tensor.h"

namespace localmamba::tool {
namespace {

// At most so many batches of images wait for others of their shape.
constexpr size_t kMaxBatchesWaiting = 8;

// The difference of the corners in double precision, as the official tool takes it.
CocoBox ToCocoBox(const Box& box) {
  const double x = box.x1;
  const double y = box.y1;
  return {x, y, box.x2 - x, box.y2 - y};
}

absl::StatusOr<Tensor> StackInputs(const std::vector<ImageToDetect>& images) {
  const Shape& shape = images.front().image.input.shape();
  const auto count = static_cast<int64_t>(images.size());
  LM_ASSIGN_OR_RETURN(Tensor input,
                      AllocateHostTensor(DType::kFloat32, {count, shape[0], shape[1], shape[2]}));
  float* to = input.data<float>();
  for (const ImageToDetect& image : images) {
    to = std::copy_n(image.image.input.data<float>(), shape.elements(), to);
  }
  return input;
}

absl::StatusOr<Tensor> StackSizes(const std::vector<ImageToDetect>& images) {
  LM_ASSIGN_OR_RETURN(Tensor sizes,
                      AllocateHostTensor(DType::kInt32, {static_cast<int64_t>(images.size()), 2}));
  int32_t* to = sizes.data<int32_t>();
  for (const ImageToDetect& image : images) {
    *to++ = static_cast<int32_t>(image.image.geometry.limit_height);
    *to++ = static_cast<int32_t>(image.image.geometry.limit_width);
  }
  return sizes;
}

}  // namespace

absl::Status ImageDetector::Add(ImageToDetect image) {
  const Tensor& input = image.image.input;
  std::vector<ImageToDetect>& same = waiting_[{input.dim(1), input.dim(2)}];
  same.push_back(std::move(image));
  ++images_waiting_;
  if (same.size() == batch_) return Run(std::exchange(same, {}));
  if (images_waiting_ < kMaxBatchesWaiting * batch_) return absl::OkStatus();
  const auto most = std::max_element(
      waiting_.begin(), waiting_.end(),
      [](const auto& a, const auto& b) { return a.second.size() < b.second.size(); });
  return Run(std::exchange(most->second, {}));
}

absl::StatusOr<std::vector<CocoResult>> ImageDetector::Finish() {
  for (auto& [shape, images] : waiting_) {
    if (!images.empty()) LM_RETURN_IF_ERROR(Run(std::exchange(images, {})));
  }
  std::vector<CocoResult> results;
  for (auto& [id, found] : found_) {
    std::move(found.begin(), found.end(), std::back_inserter(results));
  }
  found_.clear();
  return results;
}

absl::Status ImageDetector::Run(std::vector<ImageToDetect> images) {
  images_waiting_ -= images.size();
  LM_ASSIGN_OR_RETURN(const Tensor input, StackInputs(images));
  LM_ASSIGN_OR_RETURN(const Tensor sizes, StackSizes(images));
  LM_ASSIGN_OR_RETURN(const EngineOutput output, engine_.Run(input, sizes));
  if (!output.detections.has_value()) return absl::InternalError("the model detects nothing");
  for (size_t i = 0; i < images.size(); ++i) {
    LM_RETURN_IF_ERROR(Collect(*output.detections, static_cast<int64_t>(i), images[i]));
  }
  return absl::OkStatus();
}

absl::Status ImageDetector::Collect(const EngineDetections& detections, int64_t row,
                                    const ImageToDetect& image) {
  LM_ASSIGN_OR_RETURN(std::vector<DetectedObject> objects,
                      FindObjects({.count = detections.counts.data<int32_t>()[row],
                                   .boxes = detections.boxes.view().Select(0, row),
                                   .scores = detections.scores.view().Select(0, row),
                                   .classes = detections.classes.view().Select(0, row),
                                   .mask_logits = detections.mask_logits.view().Select(0, row)},
                                  image.image.geometry, stream_));
  std::vector<CocoResult>& found = found_[image.id];
  for (DetectedObject& object : objects) {
    const int64_t category = category_of_class_[static_cast<size_t>(object.class_id)];
    if (category == kNoCategory) continue;
    found.push_back({.image_id = image.id,
                     .category_id = category,
                     .score = object.score,
                     .box = ToCocoBox(object.box),
                     .mask = std::move(object.mask)});
  }
  return absl::OkStatus();
}

}  // namespace localmamba::tool
