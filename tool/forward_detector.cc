#include "tool/forward_detector.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "kernels/base/status_macros.h"
#include "kernels/device/arena.h"
#include "model/heads/mask_rcnn.h"
#include "model/vision/detected_objects.h"
#include "model/vision/keep_ratio.h"
#include "model/weights/atomic_file.h"
#include "model/weights/load_weights.h"
#include "model/weights/safetensors.h"
#include "nlohmann/json.hpp"
#include "server/repository/json_layout.h"
#include "server/repository/model_folder.h"
#include "tool/prepare_image.h"
#include "tool/print_tensors.h"

namespace localmamba::tool {
namespace {

// (1, H, W, C) → (C, H, W).
absl::StatusOr<Tensor> ChannelsFirst(const Value& map) {
  const int64_t cells = map.dim(1) * map.dim(2);
  const int64_t C = map.dim(3);
  LM_ASSIGN_OR_RETURN(Tensor result,
                      AllocateHostTensor(DType::kFloat32, {C, map.dim(1), map.dim(2)}));
  const float* from = map.tensor().data<float>();
  for (int64_t cell = 0; cell < cells; ++cell) {
    for (int64_t c = 0; c < C; ++c) result.data<float>()[c * cells + cell] = *from++;
  }
  return result;
}

// (1, R, ...) → its first `rows` rows, (rows, ...).
Tensor Rows(const Value& value, int64_t rows) {
  return value.tensor().Select(0, 0).Slice(0, 0, rows);
}

class StageCollector {
 public:
  absl::Status AddMaps(const std::string& prefix, const std::vector<Value>& maps) {
    for (size_t i = 0; i < maps.size(); ++i) {
      LM_ASSIGN_OR_RETURN(tensors_[absl::StrCat(prefix, ".", i)], ChannelsFirst(maps[i]));
    }
    return absl::OkStatus();
  }
  void Add(const std::string& name, Tensor tensor) { tensors_[name] = std::move(tensor); }

  [[nodiscard]] const NamedTensors& tensors() const { return tensors_; }

 private:
  NamedTensors tensors_;
};

absl::StatusOr<Tensor> SourceBoxes(const std::vector<DetectedObject>& objects) {
  LM_ASSIGN_OR_RETURN(
      Tensor boxes, AllocateHostTensor(DType::kFloat32, {static_cast<int64_t>(objects.size()), 4}));
  float* to = boxes.data<float>();
  for (const DetectedObject& object : objects) {
    for (const float corner : {object.box.x1, object.box.y1, object.box.x2, object.box.y2}) {
      *to++ = corner;
    }
  }
  return boxes;
}

absl::Status AddStages(const DetectorStages& stages, const Detections& detections,
                       StageCollector& collector) {
  LM_RETURN_IF_ERROR(collector.AddMaps("backbone", stages.features));
  std::vector<Value> pyramid;
  for (const ops::PyramidLevel& level : stages.pyramid) pyramid.push_back(level.map);
  LM_RETURN_IF_ERROR(collector.AddMaps("fpn", pyramid));
  LM_RETURN_IF_ERROR(collector.AddMaps("rpn_cls", stages.rpn.logits));
  LM_RETURN_IF_ERROR(collector.AddMaps("rpn_reg", stages.rpn.deltas));
  const int64_t proposals = stages.proposals.counts.tensor().data<int32_t>()[0];
  collector.Add("proposals.boxes", Rows(stages.proposals.boxes, proposals));
  collector.Add("proposals.scores", Rows(stages.proposals.scores, proposals));
  collector.Add("box_head.logits", Rows(stages.box_predictions.logits, proposals));
  const int64_t classes = stages.box_predictions.deltas.dim(2);
  collector.Add("box_head.deltas",
                Rows(stages.box_predictions.deltas, proposals).Reshape({proposals, 4 * classes}));
  const int64_t count = detections.counts.tensor().data<int32_t>()[0];
  collector.Add("detections.boxes_network", Rows(detections.boxes, count));
  collector.Add("detections.scores", Rows(detections.scores, count));
  collector.Add("detections.labels", Rows(detections.classes, count));
  collector.Add("detections.mask_logits", Rows(detections.mask_logits, count));
  return absl::OkStatus();
}

std::string ObjectsJson(const std::vector<DetectedObject>& objects) {
  nlohmann::ordered_json records = nlohmann::ordered_json::array();
  for (const DetectedObject& object : objects) {
    records.push_back(
        {{"bbox", {object.box.x1, object.box.y1, object.box.width(), object.box.height()}},
         {"score", object.score},
         {"label", object.class_id},
         {"segmentation",
          {{"size", {object.mask.height, object.mask.width}},
           {"counts", FormatRunLengths(object.mask)}}},
         {"area", Area(object.mask)}});
  }
  return LayOutJson(records);
}

}  // namespace

absl::Status ForwardDetector(const VersionOnDisk& version, const EngineOptions& options,
                             const ForwardDetectorFiles& files) {
  if (!options.device.is_cpu() || options.dtype != DType::kFloat32) {
    return absl::UnimplementedError("detectors run on the CPU in f32 only");
  }
  LM_ASSIGN_OR_RETURN(const std::unique_ptr<Allocator> memory,
                      CreateDeviceAllocator(Device::Cpu()));
  LM_ASSIGN_OR_RETURN(Stream stream, Stream::Create(Device::Cpu(), options.cpu_threads));
  const ModelSpec& spec = version.spec;
  LM_ASSIGN_OR_RETURN(const PreparedImage image, PrepareImage(spec, files.image, *memory, stream));
  Arena kept(*memory);  // before the detector, which keeps memory of it
  LM_ASSIGN_OR_RETURN(const std::unique_ptr<MaskRcnn> detector,
                      MaskRcnn::Create(spec.network, std::get<DetectionConfig>(spec.head)));
  LM_RETURN_IF_ERROR(LoadWeights(
      absl::StrCat(VersionPath(version.folder.path, version.version), "/", kWeightsFile), *memory,
      detector->parameters()));
  OpContext packing{stream, kept};
  LM_RETURN_IF_ERROR(detector->Pack(packing));
  Arena activations(*memory);
  OpContext context{stream, activations};

  const Shape& shape = image.input.shape();
  LM_ASSIGN_OR_RETURN(const Tensor limits, AllocateHostTensor(DType::kFloat32, {1, 2}));
  limits.data<float>()[0] = image.geometry.limit_height;
  limits.data<float>()[1] = image.geometry.limit_width;
  DetectorStages stages;
  const absl::Time start = absl::Now();
  LM_ASSIGN_OR_RETURN(
      const Detections detections,
      detector->Forward(context, Value(image.input.Reshape({1, shape[0], shape[1], shape[2]})),
                        Value(limits), &stages));
  const absl::Time detected = absl::Now();
  LM_ASSIGN_OR_RETURN(
      const std::vector<DetectedObject> objects,
      FindObjects({.count = detections.counts.tensor().data<int32_t>()[0],
                   .boxes = detections.boxes.tensor().view().Select(0, 0),
                   .scores = detections.scores.tensor().view().Select(0, 0),
                   .classes = detections.classes.tensor().view().Select(0, 0),
                   .mask_logits = detections.mask_logits.tensor().view().Select(0, 0)},
                  image.geometry, stream));
  const absl::Time painted = absl::Now();

  StageCollector collector;
  collector.Add("input", image.input);
  LM_RETURN_IF_ERROR(AddStages(stages, detections, collector));
  LM_ASSIGN_OR_RETURN(Tensor boxes, SourceBoxes(objects));
  collector.Add("detections.boxes", std::move(boxes));
  LM_RETURN_IF_ERROR(WriteSafetensors(files.output, collector.tensors()));
  if (!files.objects.empty()) {
    LM_RETURN_IF_ERROR(WriteFileAtomically(files.objects, ObjectsJson(objects)));
  }
  PrintTensors(collector.tensors());
  std::printf("%zu objects; detector %.1f ms, masks %.1f ms\n", objects.size(),
              absl::ToDoubleMilliseconds(detected - start),
              absl::ToDoubleMilliseconds(painted - detected));
  return absl::OkStatus();
}

}  // namespace localmamba::tool
