#include "tool/forward_segmenter.h"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "kernels/base/status_macros.h"
#include "model/heads/segment_image.h"
#include "model/vision/keep_ratio.h"
#include "model/weights/safetensors.h"
#include "tool/head_engine.h"
#include "tool/prepare_image.h"
#include "tool/print_tensors.h"

namespace localmamba::tool {
namespace {

// Of source_logits_strided.
constexpr int64_t kFirstRow = 3;
constexpr int64_t kFirstColumn = 2;
constexpr int64_t kStride = 8;

int64_t Strided(int64_t extent, int64_t first) {
  return std::max<int64_t>(0, (extent - first + kStride - 1) / kStride);
}

// Logits at the size of the input; the stages, if there are any, go to `tensors`.
absl::StatusOr<Tensor> Segment(Engine& engine, const Tensor& input,
                               const std::optional<SlideConfig>& slide, Stream& stream,
                               NamedTensors& tensors) {
  const Tensor batch = input.Reshape({1, 3, input.dim(1), input.dim(2)});
  if (slide.has_value()) return SegmentInput(engine, batch, slide, stream);
  LM_ASSIGN_OR_RETURN(const EngineOutput output, engine.Run(batch));
  for (const auto& [name, stage] : output.stages) tensors[name] = stage.Select(0, 0);
  return ResizeLogits(output.logits, input.dim(1), input.dim(2), stream);
}

// The difference of the two largest; infinity if there is only one.
float Margin(absl::Span<const float> logits) {
  float largest = -std::numeric_limits<float>::infinity();
  float second = largest;
  for (const float logit : logits) {
    second = std::max(second, std::min(largest, logit));
    largest = std::max(largest, logit);
  }
  return largest - second;
}

// logits: (1, H, W, classes) of the source image.
absl::Status AddSourceLogits(const Tensor& logits, NamedTensors& tensors) {
  const int64_t height = logits.dim(1);
  const int64_t width = logits.dim(2);
  const int64_t classes = logits.dim(3);
  LM_ASSIGN_OR_RETURN(Tensor margin, AllocateHostTensor(DType::kFloat32, {height, width}));
  for (int64_t pixel = 0; pixel < height * width; ++pixel) {
    const float* first = logits.data<float>() + pixel * classes;
    margin.data<float>()[pixel] = Margin({first, static_cast<size_t>(classes)});
  }
  const int64_t rows = Strided(height, kFirstRow);
  const int64_t columns = Strided(width, kFirstColumn);
  LM_ASSIGN_OR_RETURN(Tensor strided,
                      AllocateHostTensor(DType::kFloat32, {classes, rows, columns}));
  float* to = strided.data<float>();
  for (int64_t c = 0; c < classes; ++c) {
    for (int64_t row = kFirstRow; row < height; row += kStride) {
      for (int64_t column = kFirstColumn; column < width; column += kStride) {
        *to++ = logits.data<float>()[(row * width + column) * classes + c];
      }
    }
  }
  tensors["margin"] = std::move(margin);
  tensors["source_logits_strided"] = std::move(strided);
  return absl::OkStatus();
}

}  // namespace

absl::Status ForwardSegmenter(const VersionOnDisk& version, const EngineOptions& options,
                              const ForwardSegmenterFiles& files) {
  if (!options.device.is_cpu() || options.dtype != DType::kFloat32) {
    return absl::UnimplementedError("segmenters run on the CPU in f32 only");
  }
  LM_ASSIGN_OR_RETURN(const std::unique_ptr<Allocator> memory,
                      CreateDeviceAllocator(Device::Cpu()));
  LM_ASSIGN_OR_RETURN(Stream stream, Stream::Create(Device::Cpu(), options.cpu_threads));
  LM_ASSIGN_OR_RETURN(const PreparedImage image,
                      PrepareImage(version.spec, files.image, *memory, stream));
  const std::optional<SlideConfig>& slide = std::get<SegmentationConfig>(version.spec.head).slide;
  EngineOptions engine_options = options;
  engine_options.stages = !slide.has_value();
  LM_ASSIGN_OR_RETURN(const std::unique_ptr<Engine> engine,
                      MakeHeadEngine(version, engine_options, *memory));

  NamedTensors tensors = {{"input", image.input}};
  const absl::Time start = absl::Now();
  LM_ASSIGN_OR_RETURN(const Tensor logits, Segment(*engine, image.input, slide, stream, tensors));
  const absl::Time segmented = absl::Now();
  LM_ASSIGN_OR_RETURN(tensors["labels"], LabelMap(logits, image.geometry, stream));
  const absl::Time labelled = absl::Now();
  if (files.source_logits) {
    LM_ASSIGN_OR_RETURN(const Tensor source, SourceLogits(logits, image.geometry, stream));
    LM_RETURN_IF_ERROR(AddSourceLogits(source, tensors));
  }
  LM_RETURN_IF_ERROR(WriteSafetensors(files.output, tensors));
  PrintTensors(tensors);
  std::printf("segmented in %.1f ms, labels in %.1f ms\n",
              absl::ToDoubleMilliseconds(segmented - start),
              absl::ToDoubleMilliseconds(labelled - segmented));
  return absl::OkStatus();
}

}  // namespace localmamba::tool
