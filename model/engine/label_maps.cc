#include "model/engine/label_maps.h"

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "kernels/image/resize_argmax.h"
#include "kernels/tensor/check_args.h"
#include "model/engine/image_sizes.h"
#include "model/weights/host_tensor.h"

namespace localmamba {
namespace {

absl::Status CheckLabelSizes(const ConstTensorView& label_sizes, int64_t batch) {
  if (label_sizes.empty()) return absl::OkStatus();
  const ArgChecker check("engine", Device::Cpu());
  LM_RETURN_IF_ERROR(check.Dense("label_sizes", label_sizes, DType::kInt32, {batch, 2}));
  for (int64_t image = 0; image < batch; ++image) {
    const int32_t* size = label_sizes.data<int32_t>() + 2 * image;
    if (size[0] >= 1 && size[1] >= 1) continue;
    return absl::InvalidArgumentError(absl::StrCat("engine: \"label_sizes\" of image ", image,
                                                   " is ", size[0], "x", size[1],
                                                   ", wanted at least 1x1"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<LabelMapSize>> LabelMapSizes(const LabelMapRequest& request,
                                                        const ConstTensorView& input) {
  const int64_t batch = input.dim(0);
  LM_RETURN_IF_ERROR(CheckImageSizes(request.sizes, input));
  LM_RETURN_IF_ERROR(CheckLabelSizes(request.label_sizes, batch));
  const int first = input.dtype() == DType::kUInt8 ? 1 : 2;
  std::vector<LabelMapSize> sizes;
  for (int64_t image = 0; image < batch; ++image) {
    LabelMapSize size = {.input_height = input.dim(first), .input_width = input.dim(first + 1)};
    const auto side = [image](const ConstTensorView& given, int64_t axis, int64_t otherwise) {
      return given.empty() ? otherwise : int64_t{given.data<int32_t>()[2 * image + axis]};
    };
    size.rows = side(request.sizes, 0, size.input_height);
    size.columns = side(request.sizes, 1, size.input_width);
    size.height = side(request.label_sizes, 0, size.rows);
    size.width = side(request.label_sizes, 1, size.columns);
    sizes.push_back(size);
  }
  return sizes;
}

absl::Status CheckSegmenterLogits(const ConstTensorView& logits) {
  if (!logits.empty() && logits.rank() == 4) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "engine: the network gives ",
      logits.empty() ? "no logits" : absl::StrCat("logits ", logits.shape().ToString()),
      ", wanted a segmenter"));
}

absl::Status MakeLabels(const ConstTensorView& logits, const LabelMapSize& size,
                        const ImageLabels& result, Stream& stream) {
  const Shape& one = logits.shape();
  const Shape map = {1, size.height, size.width};
  return ResizeArgmax(
      {.x = logits.Reshape({1, one[0], one[1], one[2]}),
       .between = IntermediateSize{.height = size.input_height,
                                   .width = size.input_width,
                                   .rows = size.rows,
                                   .columns = size.columns},
       .y = result.labels.view().Reshape(map),
       .confidence =
           result.confidence.empty() ? TensorView() : result.confidence.view().Reshape(map)},
      stream);
}

absl::StatusOr<std::vector<ImageLabels>> MakeLabelMaps(const ConstTensorView& logits,
                                                       const ConstTensorView& input,
                                                       const LabelMapRequest& request,
                                                       Stream& stream) {
  LM_ASSIGN_OR_RETURN(const std::vector<LabelMapSize> sizes, LabelMapSizes(request, input));
  LM_RETURN_IF_ERROR(CheckSegmenterLogits(logits));
  std::vector<ImageLabels> results;
  for (size_t image = 0; image < sizes.size(); ++image) {
    const Shape shape = {sizes[image].height, sizes[image].width};
    ImageLabels& result = results.emplace_back();
    LM_ASSIGN_OR_RETURN(result.labels, AllocateHostTensor(DType::kInt32, shape));
    if (request.confidence) {
      LM_ASSIGN_OR_RETURN(result.confidence, AllocateHostTensor(DType::kFloat32, shape));
    }
    LM_RETURN_IF_ERROR(
        MakeLabels(logits.Select(0, static_cast<int64_t>(image)), sizes[image], result, stream));
  }
  return results;
}

}  // namespace localmamba
