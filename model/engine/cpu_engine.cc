#include "model/engine/cpu_engine.h"

#include <cstddef>
#include <utility>
#include <vector>

#include "kernels/base/status_macros.h"
#include "kernels/device/stopwatch.h"
#include "model/autograd/new_result.h"
#include "model/autograd/profiler.h"
#include "model/engine/check_engine_input.h"
#include "model/engine/image_sizes.h"

namespace localmamba {
namespace {

// The first rows of a new tensor of this shape, whose other rows are 0. It owns its memory by
// itself, so that it may outlive the engine.
absl::StatusOr<Tensor> ExportInto(const Value& value, const Shape& shape, Stream& stream) {
  const ConstTensorView source = value.tensor();
  const size_t bytes = static_cast<size_t>(shape.elements()) * SizeOf(source.dtype());
  auto memory = std::make_shared<std::vector<std::byte>>(bytes);
  const TensorView whole(memory->data(), source.dtype(), shape);
  const TensorView view =
      shape == source.shape() ? whole : TensorView(memory->data(), source.dtype(), source.shape());
  // A row of a wider tensor per image is not dense: one copy per row then.
  if (source.IsDense()) {
    LM_RETURN_IF_ERROR(Copy(source, view, stream));
  } else {
    for (int64_t i = 0; i < source.dim(0); ++i) {
      LM_RETURN_IF_ERROR(Copy(source.Select(0, i), view.Select(0, i), stream));
    }
  }
  return Tensor::Share(whole, std::move(memory));
}

// Empty for an empty value.
absl::StatusOr<Tensor> Export(const Value& value, Stream& stream) {
  if (value.empty()) return Tensor();
  return ExportInto(value, value.shape(), stream);
}

absl::StatusOr<EngineDetections> Export(const Detections& detections, Stream& stream) {
  EngineDetections result;
  LM_ASSIGN_OR_RETURN(result.boxes, Export(detections.boxes, stream));
  LM_ASSIGN_OR_RETURN(result.scores, Export(detections.scores, stream));
  LM_ASSIGN_OR_RETURN(result.classes, Export(detections.classes, stream));
  LM_ASSIGN_OR_RETURN(result.counts, Export(detections.counts, stream));
  // There may be fewer masks than rows for an image alone.
  const Shape& masks = detections.mask_logits.shape();
  LM_ASSIGN_OR_RETURN(result.mask_logits,
                      ExportInto(detections.mask_logits,
                                 {masks[0], result.boxes.dim(1), masks[2], masks[3]}, stream));
  return result;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Engine>> CpuEngine::Create(std::shared_ptr<PackedNetwork> packed,
                                                          int threads) {
  LM_ASSIGN_OR_RETURN(Stream stream, Stream::Create(packed->options.device, threads));
  return std::unique_ptr<Engine>(new CpuEngine(std::move(packed), std::move(stream)));
}

absl::StatusOr<EngineOutput> CpuEngine::Run(const ConstTensorView& input,
                                            const ConstTensorView& sizes) {
  LM_ASSIGN_OR_RETURN(const std::unique_ptr<Stopwatch> stopwatch, Stopwatch::Create(stream_));
  arena_.ResetPeak();
  LM_RETURN_IF_ERROR(stopwatch->Start());
  LM_ASSIGN_OR_RETURN(const NetworkOutput output, Forward(input, sizes, /*profiler=*/nullptr));
  LM_RETURN_IF_ERROR(stopwatch->Stop());
  EngineOutput result{.activation_bytes = arena_.peak_bytes()};
  LM_ASSIGN_OR_RETURN(result.compute_time, stopwatch->Elapsed());
  LM_ASSIGN_OR_RETURN(result.logits, Export(output.logits, stream_));
  LM_ASSIGN_OR_RETURN(result.pooled, Export(output.pooled, stream_));
  if (output.detections.has_value()) {
    LM_ASSIGN_OR_RETURN(result.detections, Export(*output.detections, stream_));
  }
  for (const Value& feature : output.features) {
    LM_ASSIGN_OR_RETURN(Tensor exported, Export(feature, stream_));
    result.features.push_back(std::move(exported));
  }
  for (const auto& [name, value] : output.stages) {
    LM_ASSIGN_OR_RETURN(Tensor exported, Export(value, stream_));
    result.stages.emplace_back(name, std::move(exported));
  }
  return result;
}

absl::StatusOr<EngineOutput> CpuEngine::Segment(const ConstTensorView& input,
                                                const LabelMapRequest& request) {
  LM_ASSIGN_OR_RETURN(EngineOutput output, Run(input, request.sizes));
  LM_ASSIGN_OR_RETURN(output.label_maps, MakeLabelMaps(output.logits, input, request, stream_));
  output.logits = {};
  return output;
}

absl::StatusOr<std::vector<OperationProfile>> CpuEngine::Profile(const ConstTensorView& input) {
  PassProfiler profiler(stream_);
  LM_RETURN_IF_ERROR(Forward(input, {}, &profiler).status());
  return profiler.Finish();
}

absl::StatusOr<NetworkOutput> CpuEngine::Forward(const ConstTensorView& input,
                                                 const ConstTensorView& sizes, Profiler* profiler) {
  LM_RETURN_IF_ERROR(CheckEngineInput(input));
  LM_RETURN_IF_ERROR(CheckImageSizes(sizes, input));
  OpContext context{stream_, arena_, DType::kFloat32, profiler};
  LM_ASSIGN_OR_RETURN(const Value image, Import(context, input, packed_->options.normalization));
  ForwardOptions options;
  options.stages = packed_->options.stages;
  if (packed_->network->needs_sizes()) {
    LM_ASSIGN_OR_RETURN(Tensor limits,
                        Tensor::Allocate(arena_, DType::kFloat32, {input.dim(0), 2}));
    WriteImageSizes(sizes, input, limits.data<float>(), input.dim(0));
    options.sizes = Value(std::move(limits));
  }
  return packed_->network->Forward(context, image, options);
}

absl::StatusOr<Value> CpuEngine::Import(OpContext& context, const ConstTensorView& input,
                                        const PixelNormalization& normalization) {
  const LayerScope layer(context, "input");
  const bool pixels = input.dtype() == DType::kUInt8;
  const Shape shape = pixels ? Shape{input.dim(0), 3, input.dim(1), input.dim(2)} : input.shape();
  const OperationScope operation(context, pixels ? "normalize_pixels" : "copy", input);
  LM_ASSIGN_OR_RETURN(Tensor image, ops::NewResult(context, DType::kFloat32, shape));
  LM_RETURN_IF_ERROR(pixels ? NormalizePixels(input, normalization, image, context.stream)
                            : Copy(input, image, context.stream));
  return Value(std::move(image));
}

}  // namespace localmamba
