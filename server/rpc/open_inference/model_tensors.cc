#include "server/rpc/open_inference/model_tensors.h"

#include <variant>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "server/pipeline/served_version.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {
namespace {

constexpr inference::DataType kPixelTypes[] = {inference::TYPE_UINT8};
constexpr inference::DataType kTensorTypes[] = {inference::TYPE_FP32, inference::TYPE_FP16};
constexpr inference::DataType kEncodedTypes[] = {inference::TYPE_STRING};

ModelTensors OfClassifier(const ModelSpec& spec) {
  const auto [height, width] = LargestInput(spec);
  const int64_t classes = NumClasses(spec);
  return {
      .inputs = {{InputRole::kPixels, "pixels", kPixelTypes, {height, width, 3}},
                 {InputRole::kTensor, "tensor", kTensorTypes, {3, height, width}},
                 {InputRole::kEncoded, "encoded", kEncodedTypes, {1}}},
      .outputs = {{OutputRole::kProbabilities, "probabilities", inference::TYPE_FP32, {classes}},
                  {OutputRole::kLogits, "logits", inference::TYPE_FP32, {classes}},
                  {OutputRole::kEmbedding,
                   "embedding",
                   inference::TYPE_FP32,
                   {PooledWidth(spec.network)}}}};
}

// Images of any size.
std::vector<InputTensor> ImageInputs() {
  return {{InputRole::kPixels, "pixels", kPixelTypes, {kAnyExtent, kAnyExtent, 3}},
          {InputRole::kEncoded, "encoded", kEncodedTypes, {1}}};
}

ModelTensors OfDetector(const DetectionConfig& config) {
  const int64_t K = config.max_detections;
  return {.inputs = ImageInputs(),
          .outputs = {{OutputRole::kBoxes, "boxes", inference::TYPE_FP32, {K, 4}},
                      {OutputRole::kScores, "scores", inference::TYPE_FP32, {K}},
                      {OutputRole::kClasses, "classes", inference::TYPE_INT32, {K}},
                      {OutputRole::kCounts, "counts", inference::TYPE_INT32, {1}},
                      {OutputRole::kMasks, "masks", inference::TYPE_STRING, {K}},
                      {OutputRole::kImageSizes, "image_sizes", inference::TYPE_INT32, {2}}}};
}

ModelTensors OfSegmenter(const SegmentationConfig& config) {
  const inference::DataType type =
      config.num_classes <= 256 ? inference::TYPE_UINT8 : inference::TYPE_UINT16;
  return {.inputs = ImageInputs(),
          .outputs = {{OutputRole::kLabels, "labels", type, {kAnyExtent, kAnyExtent}}}};
}

}  // namespace

absl::StatusOr<ModelTensors> TensorsOf(const ServedVersion& version) {
  const ModelVersion& model = version.model();
  ModelTensors tensors;
  switch (model.spec.task) {
    case ModelTask::kClassification:
      tensors = OfClassifier(model.spec);
      break;
    case ModelTask::kDetection:
      tensors = OfDetector(std::get<DetectionConfig>(model.spec.head));
      break;
    case ModelTask::kSegmentation:
      tensors = OfSegmenter(std::get<SegmentationConfig>(model.spec.head));
      break;
    case ModelTask::kFeatures:
      return Reject(RejectReason::kInvalidRequest,
                    absl::UnimplementedError(absl::StrCat(
                        "model \"", model.model,
                        "\" yields feature maps, which are not offered; wanted one that "
                        "classifies, detects or segments")));
  }
  tensors.max_batch_size = static_cast<int64_t>(version.max_batch_size());
  return tensors;
}

}  // namespace localmamba::server
