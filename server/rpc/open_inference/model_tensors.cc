#include "server/rpc/open_inference/model_tensors.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "server/pipeline/served_version.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {
namespace {

constexpr inference::DataType kPixelTypes[] = {inference::TYPE_UINT8};
constexpr inference::DataType kTensorTypes[] = {inference::TYPE_FP32, inference::TYPE_FP16};
constexpr inference::DataType kEncodedTypes[] = {inference::TYPE_STRING};

}  // namespace

absl::StatusOr<ModelTensors> TensorsOf(const ServedVersion& version) {
  const ModelVersion& model = version.model();
  if (model.spec.task != ModelTask::kClassification) {
    return Reject(RejectReason::kInvalidRequest,
                  absl::UnimplementedError(absl::StrCat(
                      "model \"", model.model,
                      "\" yields feature maps, which are not offered; wanted one with a "
                      "classifier")));
  }
  const int64_t height = model.spec.preprocess.crop_height;
  const int64_t width = model.spec.preprocess.crop_width;
  return ModelTensors{
      .max_batch_size = static_cast<int64_t>(version.max_batch_size()),
      .inputs = {{{InputRole::kPixels, "pixels", kPixelTypes, {height, width, 3}},
                  {InputRole::kTensor, "tensor", kTensorTypes, {3, height, width}},
                  {InputRole::kEncoded, "encoded", kEncodedTypes, {1}}}},
      .outputs = {{{OutputRole::kProbabilities, "probabilities", NumClasses(model.spec)},
                   {OutputRole::kLogits, "logits", NumClasses(model.spec)},
                   {OutputRole::kEmbedding, "embedding", PooledWidth(model.spec.network)}}}};
}

}  // namespace localmamba::server
