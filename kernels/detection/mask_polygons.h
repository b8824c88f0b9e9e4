// Between masks and the polygons of COCO's annotations.
//
// On the host; nothing here needs a device.
#ifndef LOCALMAMBA_KERNELS_DETECTION_MASK_POLYGONS_H_
#define LOCALMAMBA_KERNELS_DETECTION_MASK_POLYGONS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "kernels/detection/run_lengths.h"

namespace localmamba {

// x0, y0, x1, y1, ... of the corners, in continuous pixel coordinates.
using Polygon = std::vector<double>;

// The pixels inside a polygon, equal to pycocotools: corners are rounded to a fifth of a pixel.
// Errors: INVALID_ARGUMENT if there are fewer than 3 corners, an odd number of coordinates, or one
// that is not finite or beyond 2^20; or if the size is out of range (run_lengths.h).
absl::StatusOr<RunLengths> FillPolygon(absl::Span<const double> polygon, int64_t height,
                                       int64_t width);

// The outlines of a mask, one for each part that hangs together by pixels' sides, along the borders
// of its pixels, clockwise as the image is seen. Holes are left out: polygons cannot express them.
// Filling the outlines gives back a mask that has no holes.
std::vector<Polygon> MaskOutlines(const RunLengths& runs);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_DETECTION_MASK_POLYGONS_H_
