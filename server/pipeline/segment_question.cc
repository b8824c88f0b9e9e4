#include "server/pipeline/segment_question.h"

#include <utility>

#include "kernels/base/status_macros.h"
#include "kernels/device/stream.h"
#include "model/heads/segment_image.h"
#include "model/vision/encode_label_map.h"
#include "model/vision/segmented_classes.h"

namespace localmamba::server {

absl::StatusOr<Segmentation> SegmentQuestion::MakeAnswer(const ModelVersion& model,
                                                         const ImageResult& result) const {
  const ImageGeometry& geometry = result.geometry;
  const Tensor& logits = result.network.logits;
  // One thread each: many answers are made at once.
  LM_ASSIGN_OR_RETURN(Stream stream, Stream::Create(Device::Cpu(), 1));
  LM_ASSIGN_OR_RETURN(const Tensor input_logits,
                      ResizeLogits(logits, geometry.input_height, geometry.input_width, stream));
  LM_ASSIGN_OR_RETURN(const Tensor labels, LabelMap(input_logits, geometry, stream));

  Segmentation answer;
  answer.image_height = geometry.source_height;
  answer.image_width = geometry.source_width;
  const std::vector<SegmentedClass> classes = FindClasses(labels, NumClasses(model.spec));
  for (const SegmentedClass& one : classes) {
    const auto id = static_cast<size_t>(one.class_id);
    ImageRegion& region = answer.regions.emplace_back();
    region.class_id = one.class_id;
    region.name = model.labels[id];
    region.color = model.colors[id];
    region.area = one.area;
  }
  switch (format) {
    case Format::kPng: {
      LM_ASSIGN_OR_RETURN(answer.label_map_png, EncodeLabelMap(labels, NumClasses(model.spec)));
      break;
    }
    case Format::kRunLengths: {
      std::vector<RunLengths> masks = ClassMasks(labels, classes);
      for (size_t i = 0; i < masks.size(); ++i) answer.regions[i].mask = std::move(masks[i]);
      break;
    }
    case Format::kLabels:
      answer.labels = labels;
      break;
  }
  if (confidence) {
    LM_ASSIGN_OR_RETURN(const std::vector<float> confidences,
                        ClassConfidences(logits.Select(0, 0), geometry, labels, classes));
    for (size_t i = 0; i < classes.size(); ++i) answer.regions[i].confidence = confidences[i];
  }
  return answer;
}

}  // namespace localmamba::server
