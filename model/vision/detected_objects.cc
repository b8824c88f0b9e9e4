#include "model/vision/detected_objects.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "kernels/base/status_macros.h"
#include "kernels/detection/paste_masks.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {
namespace {

absl::Status Check(const RawDetections& detections) {
  const ArgChecker check("find_objects", Device::Cpu());
  LM_RETURN_IF_ERROR(check.Dense("boxes", detections.boxes, DType::kFloat32, {-1, 4}));
  const int64_t K = detections.boxes.dim(0);
  if (detections.count < 0 || detections.count > K) {
    return check.Error("boxes", detections.boxes, "as many rows as there are detections");
  }
  LM_RETURN_IF_ERROR(check.Dense("scores", detections.scores, DType::kFloat32, {K}));
  LM_RETURN_IF_ERROR(check.Dense("classes", detections.classes, DType::kInt32, {K}));
  if (detections.mask_logits.empty()) return absl::OkStatus();
  LM_RETURN_IF_ERROR(
      check.Dense("mask_logits", detections.mask_logits, DType::kFloat32, {-1, -1, -1}));
  if (detections.mask_logits.dim(0) < detections.count) {
    return check.Error("mask_logits", detections.mask_logits, "a map for each detection");
  }
  return absl::OkStatus();
}

// Paints masks into one buffer, one after the other.
class MaskPainter {
 public:
  MaskPainter(const ImageGeometry& geometry, Stream& stream)
      : height_(geometry.source_height), width_(geometry.source_width), stream_(stream) {}

  // logits: (M, M).
  absl::StatusOr<RunLengths> Paint(const ConstTensorView& logits, const Box& box) {
    probabilities_.resize(static_cast<size_t>(logits.elements()));
    for (size_t i = 0; i < probabilities_.size(); ++i) {
      probabilities_[i] = 1.0F / (1.0F + std::exp(-logits.data<float>()[i]));
    }
    const PixelWindow window = MaskWindow(box, height_, width_);
    const Shape shape = {window.bottom - window.top, window.right - window.left};
    pixels_.resize(static_cast<size_t>(std::max<int64_t>(1, shape.elements())));
    const TensorView part(pixels_.data(), DType::kUInt8, shape);
    LM_RETURN_IF_ERROR(PasteMasks({.probabilities = {probabilities_.data(),
                                                     DType::kFloat32,
                                                     {1, logits.dim(0), logits.dim(1)}},
                                   .boxes = {&box, DType::kFloat32, {1, 4}},
                                   .top = window.top,
                                   .left = window.left,
                                   .masks = part.Reshape({1, shape[0], shape[1]})},
                                  stream_));
    return EncodeRunLengths(part, window.top, window.left, height_, width_);
  }

 private:
  int64_t height_;
  int64_t width_;
  Stream& stream_;
  std::vector<float> probabilities_;
  std::vector<uint8_t> pixels_;
};

}  // namespace

absl::StatusOr<std::vector<DetectedObject>> FindObjects(const RawDetections& detections,
                                                        const ImageGeometry& geometry,
                                                        Stream& stream) {
  LM_RETURN_IF_ERROR(Check(detections));
  const float scale_x = geometry.scale_x();
  const float scale_y = geometry.scale_y();
  MaskPainter painter(geometry, stream);
  std::vector<DetectedObject> objects;
  for (int64_t i = 0; i < detections.count; ++i) {
    const float* box = detections.boxes.data<float>() + i * 4;
    DetectedObject object{
        .box = {box[0] / scale_x, box[1] / scale_y, box[2] / scale_x, box[3] / scale_y},
        .score = detections.scores.data<float>()[i],
        .class_id = detections.classes.data<int32_t>()[i]};
    if (!detections.mask_logits.empty()) {
      LM_ASSIGN_OR_RETURN(object.mask,
                          painter.Paint(detections.mask_logits.Select(0, i), object.box));
    }
    objects.push_back(std::move(object));
  }
  return objects;
}

}  // namespace localmamba
