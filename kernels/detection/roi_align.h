// RoIAlign: the part of a feature pyramid under each region, averaged into a small grid of bins.
//
// Region (b, r) is read from map level = clamp(floor(log2(sqrt(area) / 56 + 1e-6)), 0, levels - 1)
// (float32; Lin et al., arXiv:1612.03144, eq. 1, with 112 pixels for the second map). On that map,
// of stride s, with rectangle x1/s - 0.5 ... x2/s - 0.5 and the same in y, split into Ph x Pw bins:
//
//   y[b, r, p, q] = mean of B over gh x gw samples, evenly spaced in bin (p, q)
//   gh = ceil(bin height), gw = ceil(bin width); 0 if there are none
//
// B is the bilinear interpolation of the map: 0 at samples beyond -1 or the map's extent, samples
// between the border and the outermost cell centres take the border's value.
//
// Shapes: maps[level]: (B, H, W, C), dense; 1 to kMaxPyramidMaps. rois: (B, R, 4), images may be strided;
//         counts: (B), i32, or absent: all regions; y: (B, R, Ph, Pw, C), dense. Rows of y from
//         counts[b] on are 0. Maps and y are float32, float16 or bfloat16, rois float32 and finite.
//
// Enqueues on `stream` and does not wait.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree; UNIMPLEMENTED for a dtype that the device lacks.
#ifndef LOCALMAMBA_KERNELS_DETECTION_ROI_ALIGN_H_
#define LOCALMAMBA_KERNELS_DETECTION_ROI_ALIGN_H_

#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

inline constexpr size_t kMaxPyramidMaps = 8;

struct PyramidMap {
  ConstTensorView map;
  float stride = 1;  // pixels of the image between neighbouring cells
};

struct RoiAlignArgs {
  std::vector<PyramidMap> maps;
  ConstTensorView rois;
  ConstTensorView counts;  // optional
  TensorView y;
};

absl::Status RoiAlign(const RoiAlignArgs& args, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_DETECTION_ROI_ALIGN_H_
