// Resampling along any map of coordinates: what rotations, shears and warps are made of.
#ifndef LOCALMAMBA_MODEL_DATA_SAMPLE_BICUBIC_H_
#define LOCALMAMBA_MODEL_DATA_SAMPLE_BICUBIC_H_

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "model/data/rgb_image.h"

namespace localmamba {

struct Point {
  double x = 0;
  double y = 0;
};

// Pixels left <= x < right, top <= y < bottom.
struct Region {
  int64_t left = 0;
  int64_t top = 0;
  int64_t right = 0;
  int64_t bottom = 0;
};

// As Pillow's Image.transform with BICUBIC (Keys' kernel with a = -1, truncated), but in single
// precision: a few levels differ by one.
//
// Each pixel of `region` of `out` becomes `in` at source(p), where p is the pixel's middle as seen
// from the region's corner, and (0, 0) is the corner of `in`. What lies outside of `in` stays as it
// is in `out`.
void SampleBicubic(const RgbImage& in, const Region& region,
                   absl::FunctionRef<Point(Point p)> source, RgbImage& out);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_DATA_SAMPLE_BICUBIC_H_
