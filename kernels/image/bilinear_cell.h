// One cell of a map that is resized bilinearly, on the CPU: one formula for all operations that do
// so, so that they agree to the last bit.
#ifndef LOCALMAMBA_KERNELS_IMAGE_BILINEAR_CELL_H_
#define LOCALMAMBA_KERNELS_IMAGE_BILINEAR_CELL_H_

#include <cstdint>

#include "kernels/image/bilinear_taps.h"

namespace localmamba {

// The C channels of the cell between four cells of a map (H, W, C) with W * C = row_elements.
inline void InterpolateCell(const float* map, int64_t row_elements, int64_t C,
                            const BilinearTaps& row, const BilinearTaps& column, float* cell) {
  const float* upper = map + row.index[0] * row_elements;
  const float* lower = map + row.index[1] * row_elements;
  const float* upper_left = upper + column.index[0] * C;
  const float* upper_right = upper + column.index[1] * C;
  const float* lower_left = lower + column.index[0] * C;
  const float* lower_right = lower + column.index[1] * C;
  for (int64_t c = 0; c < C; ++c) {
    const float above = column.weight[0] * upper_left[c] + column.weight[1] * upper_right[c];
    const float below = column.weight[0] * lower_left[c] + column.weight[1] * lower_right[c];
    cell[c] = row.weight[0] * above + row.weight[1] * below;
  }
}

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_IMAGE_BILINEAR_CELL_H_
