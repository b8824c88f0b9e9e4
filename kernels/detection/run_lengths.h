// Masks as COCO's run lengths: what data sets, results and clients exchange.
//
// A mask is scanned down each column, column after column; the counts are the lengths of runs of
// unset and set pixels in turn, unset first (so the first may be 0). The compressed text, COCO's
// "counts" string, codes each count (from the fourth on its difference to the last but one) in
// groups of 5 bits, low first, as characters from '0' on.
//
// On the host; nothing here needs a device.
#ifndef LOCALMAMBA_KERNELS_DETECTION_RUN_LENGTHS_H_
#define LOCALMAMBA_KERNELS_DETECTION_RUN_LENGTHS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

struct RunLengths {
  int64_t height = 0;
  int64_t width = 0;
  std::vector<uint32_t> counts;  // sum: height * width

  friend bool operator==(const RunLengths&, const RunLengths&) = default;
};

// The largest mask in pixels.
inline constexpr int64_t kMaxMaskPixels = int64_t{1} << 31;

// Of an image of height x width pixels whose pixels from (top, left) on are `part`, (h, w), u8, on
// the CPU, and which are unset elsewhere. CHECKs that the part lies in the image.
RunLengths EncodeRunLengths(const ConstTensorView& part, int64_t top, int64_t left, int64_t height,
                            int64_t width);
// Of a whole mask, (H, W), u8, on the CPU.
RunLengths EncodeRunLengths(const ConstTensorView& mask);

// The mask, row by row, 0 or 1.
std::vector<uint8_t> DecodeRunLengths(const RunLengths& runs);

// The compressed text, equal to that of pycocotools.
std::string FormatRunLengths(const RunLengths& runs);

// The inverse. Errors: INVALID_ARGUMENT if the size is not positive or too large, the text is cut
// off or has other characters, or the counts do not add up to height * width.
absl::StatusOr<RunLengths> ParseRunLengths(absl::string_view text, int64_t height, int64_t width);
// Of counts that are not compressed. Errors: as above.
absl::StatusOr<RunLengths> MakeRunLengths(std::vector<uint32_t> counts, int64_t height,
                                          int64_t width);

// Set pixels.
int64_t Area(const RunLengths& runs);

// The union of masks of one size; empty runs (0 x 0) if there are none. CHECKs the sizes.
RunLengths Union(absl::Span<const RunLengths> masks);

// Set pixels of both. CHECKs that the sizes agree.
int64_t IntersectionArea(const RunLengths& a, const RunLengths& b);

// x, y, width, height of the rectangle that COCO's tools take as a mask's box. It covers the mask's
// pixels, but all rows if a run goes over the end of a column.
struct PixelBox {
  int64_t x = 0;
  int64_t y = 0;
  int64_t width = 0;
  int64_t height = 0;

  friend bool operator==(const PixelBox&, const PixelBox&) = default;
};
PixelBox BoundingBox(const RunLengths& runs);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_DETECTION_RUN_LENGTHS_H_
