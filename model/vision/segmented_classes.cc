#include "model/vision/segmented_classes.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "kernels/base/status_macros.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {
namespace {

// Where each class is in `classes`; their size for those that are not.
std::vector<size_t> IndicesOf(absl::Span<const SegmentedClass> classes) {
  std::vector<size_t> indices;
  for (size_t i = 0; i < classes.size(); ++i) {
    indices.resize(static_cast<size_t>(classes[i].class_id) + 1, classes.size());
    indices.back() = i;
  }
  return indices;
}

// log of the sum of exp over each cell's classes.
std::vector<float> LogSums(const ConstTensorView& logits) {
  const int64_t C = logits.dim(2);
  std::vector<float> sums;
  const float* cell = logits.data<float>();
  for (int64_t i = 0; i < logits.dim(0) * logits.dim(1); ++i, cell += C) {
    const float largest = *std::max_element(cell, cell + C);
    float sum = 0;
    for (int64_t c = 0; c < C; ++c) sum += std::exp(cell[c] - largest);
    sums.push_back(largest + std::log(sum));
  }
  return sums;
}

// For each pixel along an axis of the image, the nearest of `cells` that cover `input` pixels of
// the network's input, whose first `resized` are the image.
std::vector<int64_t> NearestCells(int64_t source, int64_t resized, int64_t input, int64_t cells) {
  const double scale = static_cast<double>(resized) / static_cast<double>(source) *
                       static_cast<double>(cells) / static_cast<double>(input);
  std::vector<int64_t> nearest;
  for (int64_t i = 0; i < source; ++i) {
    const auto cell = static_cast<int64_t>((static_cast<double>(i) + 0.5) * scale);
    nearest.push_back(std::min(cell, cells - 1));
  }
  return nearest;
}

}  // namespace

std::vector<SegmentedClass> FindClasses(const ConstTensorView& labels, int64_t num_classes) {
  std::vector<int64_t> areas(static_cast<size_t>(num_classes));
  const int32_t* label = labels.data<int32_t>();
  for (int64_t i = 0; i < labels.elements(); ++i) ++areas[static_cast<size_t>(label[i])];
  std::vector<SegmentedClass> classes;
  for (int64_t id = 0; id < num_classes; ++id) {
    const int64_t area = areas[static_cast<size_t>(id)];
    if (area > 0) classes.push_back({.class_id = id, .area = area});
  }
  return classes;
}

std::vector<RunLengths> ClassMasks(const ConstTensorView& labels,
                                   absl::Span<const SegmentedClass> classes) {
  const int64_t H = labels.dim(0);
  const int64_t W = labels.dim(1);
  const std::vector<size_t> indices = IndicesOf(classes);
  std::vector<RunLengths> masks(classes.size(), RunLengths{.height = H, .width = W, .counts = {}});
  std::vector<int64_t> ends(classes.size());  // of each class's last run
  const auto label_at = [&](int64_t i) { return labels.data<int32_t>()[i % H * W + i / H]; };
  for (int64_t begin = 0; begin < H * W;) {
    const int32_t label = label_at(begin);
    int64_t end = begin + 1;
    while (end < H * W && label_at(end) == label) ++end;
    const size_t index = indices[static_cast<size_t>(label)];
    masks[index].counts.push_back(static_cast<uint32_t>(begin - ends[index]));
    masks[index].counts.push_back(static_cast<uint32_t>(end - begin));
    ends[index] = end;
    begin = end;
  }
  for (size_t i = 0; i < masks.size(); ++i) {
    if (ends[i] < H * W) masks[i].counts.push_back(static_cast<uint32_t>(H * W - ends[i]));
  }
  return masks;
}

absl::StatusOr<std::vector<float>> ClassConfidences(const ConstTensorView& logits,
                                                    const ImageGeometry& geometry,
                                                    const ConstTensorView& labels,
                                                    absl::Span<const SegmentedClass> classes) {
  const ArgChecker check("class_confidences", Device::Cpu());
  LM_RETURN_IF_ERROR(check.Dense("logits", logits, DType::kFloat32, {-1, -1, -1}));
  LM_RETURN_IF_ERROR(check.Dense("labels", labels, DType::kInt32,
                                 {geometry.source_height, geometry.source_width}));
  const int64_t columns = logits.dim(1);
  const std::vector<size_t> indices = IndicesOf(classes);
  const std::vector<float> log_sums = LogSums(logits);
  const std::vector<int64_t> cell_rows = NearestCells(
      geometry.source_height, geometry.resized_height, geometry.input_height, logits.dim(0));
  const std::vector<int64_t> cell_columns =
      NearestCells(geometry.source_width, geometry.resized_width, geometry.input_width, columns);
  std::vector<double> sums(classes.size());
  const int32_t* label = labels.data<int32_t>();
  for (const int64_t row : cell_rows) {
    for (const int64_t column : cell_columns) {
      const int64_t cell = row * columns + column;
      const float logit = logits.data<float>()[cell * logits.dim(2) + *label];
      sums[indices[static_cast<size_t>(*label)]] +=
          std::exp(logit - log_sums[static_cast<size_t>(cell)]);
      ++label;
    }
  }
  std::vector<float> confidences;
  for (size_t i = 0; i < classes.size(); ++i) {
    confidences.push_back(static_cast<float>(sums[i] / static_cast<double>(classes[i].area)));
  }
  return confidences;
}

}  // namespace localmamba
