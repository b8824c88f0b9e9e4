#include "kernels/conv/patches_cpu.h"

#include <algorithm>

#include "kernels/device/parallel.h"

namespace localmamba {
namespace {

void GatherPatch(const PatchShape& shape, const float* images, int64_t cell, float* row) {
  const int64_t b = cell / (shape.out_height * shape.out_width);
  const int64_t top = cell / shape.out_width % shape.out_height * shape.stride - shape.pad_top;
  const int64_t left = cell % shape.out_width * shape.stride - shape.pad_left;
  const int64_t q_begin = std::clamp<int64_t>(-left, 0, shape.kernel_width);
  const int64_t q_end = std::clamp<int64_t>(shape.width - left, q_begin, shape.kernel_width);
  for (int64_t c = 0; c < shape.channels; ++c) {
    const float* plane = images + (b * shape.channels + c) * shape.height * shape.width;
    for (int64_t p = 0; p < shape.kernel_height; ++p, row += shape.kernel_width) {
      const int64_t r = top + p;
      if (r < 0 || r >= shape.height) {
        std::fill_n(row, shape.kernel_width, 0.0F);
        continue;
      }
      const float* source = plane + r * shape.width + left;
      std::fill(row, row + q_begin, 0.0F);
      std::copy(source + q_begin, source + q_end, row + q_begin);
      std::fill(row + q_end, row + shape.kernel_width, 0.0F);
    }
  }
}

// Row r of channel c of one image, whose patches begin at `rows`.
void FoldRow(const PatchShape& shape, const float* rows, int64_t c, int64_t r, float* row) {
  std::fill_n(row, shape.width, 0.0F);
  for (int64_t i = 0; i < shape.out_height; ++i) {
    const int64_t p = r - (i * shape.stride - shape.pad_top);
    if (p < 0 || p >= shape.kernel_height) continue;
    for (int64_t j = 0; j < shape.out_width; ++j) {
      const int64_t left = j * shape.stride - shape.pad_left;
      const float* taps = rows + (i * shape.out_width + j) * shape.elements() +
                          (c * shape.kernel_height + p) * shape.kernel_width;
      const int64_t q_end = std::min(shape.kernel_width, shape.width - left);
      for (int64_t q = std::max<int64_t>(0, -left); q < q_end; ++q) row[left + q] += taps[q];
    }
  }
}

}  // namespace

void GatherPatches(const PatchShape& shape, const float* images, int64_t first, int64_t count,
                   float* rows, const Stream& stream) {
  const int64_t K = shape.elements();
  ParallelFor(stream, count, GrainRows(K), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) GatherPatch(shape, images, first + i, rows + i * K);
  });
}

void FoldPatches(const PatchShape& shape, const float* rows, int64_t count, float* images,
                 const Stream& stream) {
  const int64_t image_rows = shape.out_height * shape.out_width * shape.elements();
  const int64_t lines = shape.channels * shape.height;  // of an image
  ParallelFor(stream, count * lines, GrainRows(image_rows / lines + 1),
              [&](int64_t begin, int64_t end) {
                for (int64_t line = begin; line < end; ++line) {
                  const int64_t within = line % lines;
                  FoldRow(shape, rows + line / lines * image_rows, within / shape.height,
                          within % shape.height, images + line * shape.width);
                }
              });
}

}  // namespace localmamba
