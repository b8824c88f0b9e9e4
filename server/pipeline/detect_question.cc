#include "server/pipeline/detect_question.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "kernels/device/stream.h"
#include "model/vision/detected_objects.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {
namespace {

int64_t MostDetections(const ModelVersion& model) {
  return std::get<DetectionConfig>(model.spec.head).max_detections;
}

// For each class whether it is wanted.
std::vector<bool> WantedClasses(const DetectQuestion& question, const ModelVersion& model) {
  const bool all = question.class_ids.empty() && question.class_names.empty();
  std::vector<bool> wanted(model.labels.size(), all);
  for (const int64_t id : question.class_ids) wanted[static_cast<size_t>(id)] = true;
  for (const std::string& name : question.class_names) {
    for (size_t id = 0; id < wanted.size(); ++id) {
      if (model.labels[id] == name) wanted[id] = true;
    }
  }
  return wanted;
}

// Some rows of what a detector gave, one after the other.
struct Rows {
  std::vector<float> boxes;
  std::vector<float> scores;
  std::vector<int32_t> classes;
  std::vector<float> mask_logits;  // empty: not wanted
  int64_t mask_side = 0;

  void Add(const EngineDetections& found, int64_t row, bool mask) {
    const float* box = found.boxes.data<float>() + row * 4;
    boxes.insert(boxes.end(), box, box + 4);
    scores.push_back(found.scores.data<float>()[row]);
    classes.push_back(found.classes.data<int32_t>()[row]);
    if (!mask) return;
    mask_side = found.mask_logits.dim(2);
    const float* first = found.mask_logits.data<float>() + row * mask_side * mask_side;
    mask_logits.insert(mask_logits.end(), first, first + mask_side * mask_side);
  }

  [[nodiscard]] RawDetections view() const {
    const auto count = static_cast<int64_t>(scores.size());
    RawDetections raw{.count = count,
                      .boxes = {boxes.data(), DType::kFloat32, {count, 4}},
                      .scores = {scores.data(), DType::kFloat32, {count}},
                      .classes = {classes.data(), DType::kInt32, {count}}};
    if (!mask_logits.empty()) {
      raw.mask_logits = {mask_logits.data(), DType::kFloat32, {count, mask_side, mask_side}};
    }
    return raw;
  }
};

}  // namespace

absl::Status DetectQuestion::Check(const ModelVersion& model) const {
  if (!(0 <= score_threshold && score_threshold <= 1)) {
    return InvalidRequest(
        absl::StrCat("score_threshold: found ", score_threshold, ", wanted 0 to 1"));
  }
  const int64_t most = MostDetections(model);
  if (max_detections.has_value() && (*max_detections < 1 || *max_detections > most)) {
    return InvalidRequest(
        absl::StrCat("max_detections: found ", *max_detections, ", wanted 1 to ", most));
  }
  const auto classes = static_cast<int64_t>(model.labels.size());
  for (const int64_t id : class_ids) {
    if (id >= 0 && id < classes) continue;
    return InvalidRequest(
        absl::StrCat("class_filter.ids: found ", id, ", wanted 0 to ", classes - 1));
  }
  for (const std::string& name : class_names) {
    if (std::find(model.labels.begin(), model.labels.end(), name) != model.labels.end()) continue;
    return InvalidRequest(absl::StrCat("class_filter.names: found \"", name,
                                       "\", wanted a class of the model, as GetModel lists them"));
  }
  return absl::OkStatus();
}

absl::StatusOr<FoundObjects> DetectQuestion::MakeAnswer(const ModelVersion& model,
                                                        const ImageResult& result) const {
  const EngineDetections& found = *result.network.detections;
  const std::vector<bool> wanted = WantedClasses(*this, model);
  const int64_t most = max_detections.value_or(MostDetections(model));
  Rows rows;
  for (int64_t row = 0; row < found.counts.data<int32_t>()[0]; ++row) {
    if (static_cast<int64_t>(rows.scores.size()) == most) break;
    if (found.scores.data<float>()[row] < score_threshold) continue;
    if (!wanted[static_cast<size_t>(found.classes.data<int32_t>()[row])]) continue;
    rows.Add(found, row, masks != Masks::kNone);
  }
  FoundObjects answer;
  answer.image_height = result.geometry.source_height;
  answer.image_width = result.geometry.source_width;
  if (rows.scores.empty()) return answer;
  // One thread each: many answers are made at once.
  LM_ASSIGN_OR_RETURN(Stream stream, Stream::Create(Device::Cpu(), 1));
  LM_ASSIGN_OR_RETURN(std::vector<DetectedObject> objects,
                      FindObjects(rows.view(), result.geometry, stream));
  for (DetectedObject& object : objects) {
    FoundObject& one = answer.objects.emplace_back();
    one.box = object.box;
    one.score = object.score;
    one.class_id = object.class_id;
    one.class_name = model.labels[static_cast<size_t>(object.class_id)];
    if (masks == Masks::kOutlines) one.outlines = MaskOutlines(object.mask);
    if (masks == Masks::kRunLengths) one.mask = std::move(object.mask);
  }
  return answer;
}

}  // namespace localmamba::server
