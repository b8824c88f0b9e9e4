#include "tool/forward_detector.h"

#include <cstdio>
#include <memory>
#include <vector>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "kernels/base/status_macros.h"
#include "model/vision/detected_objects.h"
#include "model/vision/keep_ratio.h"
#include "model/weights/atomic_file.h"
#include "model/weights/safetensors.h"
#include "nlohmann/json.hpp"
#include "server/repository/json_layout.h"
#include "tool/head_engine.h"
#include "tool/prepare_image.h"
#include "tool/print_tensors.h"

namespace localmamba::tool {
namespace {

constexpr char kProposalCounts[] = "proposals.counts";

// Each stage of the one image, and of proposals only those that there are.
NamedTensors Stages(const EngineOutput& output) {
  NamedTensors tensors;
  for (const auto& [name, stage] : output.stages) {
    if (name != kProposalCounts) tensors[name] = stage.Select(0, 0);
  }
  for (const auto& [name, stage] : output.stages) {
    if (name != kProposalCounts) continue;
    const int64_t proposals = stage.data<int32_t>()[0];
    for (auto& [other, tensor] : tensors) {
      if (absl::StartsWith(other, "proposals.") || absl::StartsWith(other, "box_head.")) {
        tensor = tensor.Slice(0, 0, proposals);
      }
    }
  }
  return tensors;
}

void AddDetections(const EngineDetections& detections, NamedTensors& tensors) {
  const int64_t count = detections.counts.data<int32_t>()[0];
  const auto rows = [&](const Tensor& tensor) { return tensor.Select(0, 0).Slice(0, 0, count); };
  tensors["detections.boxes_network"] = rows(detections.boxes);
  tensors["detections.scores"] = rows(detections.scores);
  tensors["detections.labels"] = rows(detections.classes);
  tensors["detections.mask_logits"] = rows(detections.mask_logits);
}

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
  LM_ASSIGN_OR_RETURN(const std::unique_ptr<Allocator> memory,
                      CreateDeviceAllocator(Device::Cpu()));
  LM_ASSIGN_OR_RETURN(Stream stream, Stream::Create(Device::Cpu(), options.cpu_threads));
  LM_ASSIGN_OR_RETURN(const PreparedImage image,
                      PrepareImage(version.spec, files.image, *memory, stream));
  EngineOptions engine_options = options;
  engine_options.stages = options.device.is_cpu();
  LM_ASSIGN_OR_RETURN(const std::unique_ptr<Engine> engine,
                      MakeHeadEngine(version, engine_options, *memory));

  const Shape& shape = image.input.shape();
  LM_ASSIGN_OR_RETURN(const Tensor sizes, AllocateHostTensor(DType::kInt32, {1, 2}));
  sizes.data<int32_t>()[0] = static_cast<int32_t>(image.geometry.limit_height);
  sizes.data<int32_t>()[1] = static_cast<int32_t>(image.geometry.limit_width);
  LM_ASSIGN_OR_RETURN(const EngineOutput output,
                      engine->Run(image.input.Reshape({1, shape[0], shape[1], shape[2]}), sizes));
  const EngineDetections& found = *output.detections;
  const absl::Time detected = absl::Now();
  LM_ASSIGN_OR_RETURN(const std::vector<DetectedObject> objects,
                      FindObjects({.count = found.counts.data<int32_t>()[0],
                                   .boxes = found.boxes.view().Select(0, 0),
                                   .scores = found.scores.view().Select(0, 0),
                                   .classes = found.classes.view().Select(0, 0),
                                   .mask_logits = found.mask_logits.view().Select(0, 0)},
                                  image.geometry, stream));
  const absl::Time painted = absl::Now();

  NamedTensors tensors = Stages(output);
  tensors["input"] = image.input;
  AddDetections(found, tensors);
  LM_ASSIGN_OR_RETURN(tensors["detections.boxes"], SourceBoxes(objects));
  LM_RETURN_IF_ERROR(WriteSafetensors(files.output, tensors));
  if (!files.objects.empty()) {
    LM_RETURN_IF_ERROR(WriteFileAtomically(files.objects, ObjectsJson(objects)));
  }
  PrintTensors(tensors);
  std::printf("%zu objects; detector %.1f ms, masks %.1f ms\n", objects.size(),
              absl::ToDoubleMilliseconds(output.compute_time),
              absl::ToDoubleMilliseconds(painted - detected));
  return absl::OkStatus();
}

}  // namespace localmamba::tool
