#include "model/heads/segment_image.h"

#include <algorithm>
#include <vector>

#include "kernels/base/status_macros.h"
#include "kernels/device/parallel.h"
#include "kernels/image/resize_argmax.h"
#include "kernels/image/resize_bilinear.h"
#include "kernels/tensor/check_args.h"
#include "model/weights/host_tensor.h"

namespace localmamba {
namespace {

// The windows along an axis.
struct Steps {
  int64_t extent;
  int64_t window;
  int64_t step;

  [[nodiscard]] int64_t count() const {
    return std::max<int64_t>(extent - window + step - 1, 0) / step + 1;
  }
  // Of window i; the last ones are moved inwards.
  [[nodiscard]] int64_t begin(int64_t i) const { return std::max<int64_t>(end(i) - window, 0); }
  [[nodiscard]] int64_t end(int64_t i) const { return std::min(i * step + window, extent); }
  // Windows that contain `position`.
  [[nodiscard]] int64_t cover(int64_t position) const {
    int64_t windows = 0;
    for (int64_t i = 0; i < count(); ++i) {
      if (begin(i) <= position && position < end(i)) ++windows;
    }
    return windows;
  }
};

// Rows [top, bottom) and columns [left, right) of each channel.
absl::StatusOr<Tensor> CopyWindow(const ConstTensorView& input, int64_t top, int64_t bottom,
                                  int64_t left, int64_t right) {
  LM_ASSIGN_OR_RETURN(Tensor window,
                      AllocateHostTensor(DType::kFloat32, {1, 3, bottom - top, right - left}));
  float* to = window.data<float>();
  for (int64_t c = 0; c < 3; ++c) {
    for (int64_t row = top; row < bottom; ++row) {
      const float* from = input.data<float>() + (c * input.dim(2) + row) * input.dim(3);
      to = std::copy(from + left, from + right, to);
    }
  }
  return window;
}

// sum[0, top + i, left + j] += part[0, i, j].
void AddWindow(const ConstTensorView& part, int64_t top, int64_t left, const Tensor& sum,
               const Stream& stream) {
  const int64_t row_elements = part.dim(2) * part.dim(3);
  ParallelFor(stream, part.dim(1), GrainRows(row_elements), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const float* from = part.data<float>() + row * row_elements;
      float* to = sum.data<float>() + ((top + row) * sum.dim(2) + left) * sum.dim(3);
      for (int64_t i = 0; i < row_elements; ++i) to[i] += from[i];
    }
  });
}

void DivideByCover(const Steps& rows, const Steps& columns, const Tensor& sum,
                   const Stream& stream) {
  const int64_t C = sum.dim(3);
  std::vector<int64_t> column_cover;
  for (int64_t j = 0; j < columns.extent; ++j) column_cover.push_back(columns.cover(j));
  ParallelFor(stream, rows.extent, GrainRows(columns.extent * C), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t row_cover = rows.cover(row);
      float* cell = sum.data<float>() + row * columns.extent * C;
      for (const int64_t cover : column_cover) {
        const auto windows = static_cast<float>(row_cover * cover);
        for (int64_t c = 0; c < C; ++c) cell[c] /= windows;
        cell += C;
      }
    }
  });
}

absl::Status CheckInputLogits(const Tensor& logits, const ImageGeometry& geometry) {
  const ArgChecker check("label_map", Device::Cpu());
  return check.Dense("logits", logits, DType::kFloat32,
                     {1, geometry.input_height, geometry.input_width, -1});
}

// The logits of the resized image: all, unless the input has padding.
absl::StatusOr<Tensor> WithoutPadding(const Tensor& logits, const ImageGeometry& geometry) {
  LM_RETURN_IF_ERROR(CheckInputLogits(logits, geometry));
  const int64_t rows = geometry.resized_height;
  if (rows == logits.dim(1) && geometry.resized_width == logits.dim(2)) return logits;
  const int64_t row_elements = geometry.resized_width * logits.dim(3);
  LM_ASSIGN_OR_RETURN(
      Tensor image,
      AllocateHostTensor(DType::kFloat32, {1, rows, geometry.resized_width, logits.dim(3)}));
  for (int64_t row = 0; row < rows; ++row) {
    std::copy_n(logits.data<float>() + row * logits.dim(2) * logits.dim(3), row_elements,
                image.data<float>() + row * row_elements);
  }
  return image;
}

absl::StatusOr<Tensor> SegmentWindow(Engine& engine, const ConstTensorView& input, Stream& stream) {
  LM_ASSIGN_OR_RETURN(const EngineOutput output, engine.Run(input));
  return ResizeLogits(output.logits, input.dim(2), input.dim(3), stream);
}

absl::StatusOr<Tensor> Slide(Engine& engine, const ConstTensorView& input, const Steps& rows,
                             const Steps& columns, Stream& stream) {
  Tensor sum;
  for (int64_t i = 0; i < rows.count(); ++i) {
    for (int64_t j = 0; j < columns.count(); ++j) {
      LM_ASSIGN_OR_RETURN(const Tensor window, CopyWindow(input, rows.begin(i), rows.end(i),
                                                          columns.begin(j), columns.end(j)));
      LM_ASSIGN_OR_RETURN(const Tensor part, SegmentWindow(engine, window, stream));
      if (sum.empty()) {
        LM_ASSIGN_OR_RETURN(sum, AllocateHostTensor(DType::kFloat32,
                                                    {1, rows.extent, columns.extent, part.dim(3)}));
        std::fill_n(sum.data<float>(), sum.elements(), 0.0F);
      }
      AddWindow(part, rows.begin(i), columns.begin(j), sum, stream);
    }
  }
  DivideByCover(rows, columns, sum, stream);
  return sum;
}

}  // namespace

absl::StatusOr<Tensor> ResizeLogits(const ConstTensorView& logits, int64_t height, int64_t width,
                                    Stream& stream) {
  LM_ASSIGN_OR_RETURN(Tensor resized, AllocateHostTensor(DType::kFloat32, {logits.dim(0), height,
                                                                           width, logits.dim(3)}));
  LM_RETURN_IF_ERROR(ResizeBilinear(logits, resized, stream));
  return resized;
}

absl::StatusOr<Tensor> SegmentInput(Engine& engine, const ConstTensorView& input,
                                    const std::optional<SlideConfig>& slide, Stream& stream) {
  const ArgChecker check("segment", Device::Cpu());
  LM_RETURN_IF_ERROR(check.Dense("input", input, DType::kFloat32, {1, 3, -1, -1}));
  if (!slide.has_value()) return SegmentWindow(engine, input, stream);
  return Slide(engine, input, {input.dim(2), slide->window_height, slide->step_height},
               {input.dim(3), slide->window_width, slide->step_width}, stream);
}

absl::StatusOr<Tensor> LabelMap(const Tensor& logits, const ImageGeometry& geometry,
                                Stream& stream) {
  LM_RETURN_IF_ERROR(CheckInputLogits(logits, geometry));
  LM_ASSIGN_OR_RETURN(Tensor labels, AllocateHostTensor(DType::kInt32, {1, geometry.source_height,
                                                                        geometry.source_width}));
  LM_RETURN_IF_ERROR(ResizeArgmax({.x = logits,
                                   .between = IntermediateSize{.height = geometry.input_height,
                                                               .width = geometry.input_width,
                                                               .rows = geometry.resized_height,
                                                               .columns = geometry.resized_width},
                                   .y = labels},
                                  stream));
  return labels.Select(0, 0);
}

absl::StatusOr<Tensor> SourceLogits(const Tensor& logits, const ImageGeometry& geometry,
                                    Stream& stream) {
  LM_ASSIGN_OR_RETURN(const Tensor image, WithoutPadding(logits, geometry));
  return ResizeLogits(image, geometry.source_height, geometry.source_width, stream);
}

}  // namespace localmamba
