// The order in which a scan direction visits the cells of a token grid, and the way back.
//
// Tokens of an H x W grid are stored row-major. A direction is `h` (rows), `v` (columns) or `wK`
// (windows of K x K, row-major, cells row-major inside), each with an optional suffix `_flip` that
// reverses the sequence. A grid that K does not divide is extended at the bottom and right with
// padding cells, which take part in the sequence.
#ifndef LOCALMAMBA_KERNELS_SCAN_SCAN_ORDER_H_
#define LOCALMAMBA_KERNELS_SCAN_SCAN_ORDER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace localmamba {

// Directions of one layer at most: what one launch of the scan takes.
inline constexpr int kMaxScanDirections = 16;

struct ScanDirection {
  enum class Kind : uint8_t { kHorizontal, kVertical, kWindow };
  Kind kind = Kind::kHorizontal;
  int64_t window = 0;  // K of wK, >= 1; 0 for h and v
  bool flip = false;

  // "h", "v", "wK" with K >= 1, each optionally with "_flip". Errors: INVALID_ARGUMENT naming the
  // text.
  static absl::StatusOr<ScanDirection> Parse(absl::string_view name);
  [[nodiscard]] std::string ToString() const;
  // Positions in the sequence of an H x W grid, padding included.
  [[nodiscard]] int64_t Length(int64_t height, int64_t width) const;

  friend bool operator==(const ScanDirection&, const ScanDirection&) = default;
};

// How v and v_flip are put back on a grid that is not square. The official code exchanges the roles
// of height and width there, so outputs land in wrong cells; models trained with it want the same.
enum class VerticalReverse : uint8_t { kExact, kOfficial };

struct ScanOrder {
  std::vector<int32_t> read;   // [t] → token read at position t, -1 at padding
  std::vector<int32_t> write;  // [t] → token that receives the output of position t, -1: dropped
};

// The order of an H x W grid, H, W >= 1.
ScanOrder MakeScanOrder(const ScanDirection& direction, int64_t height, int64_t width,
                        VerticalReverse vertical_reverse);

// The order when a class token sits in the middle: stored as token m of H*W+1 tokens, m = (H*W)/2,
// and visited at position m of every sequence (padding positions counted).
ScanOrder MakeScanOrderWithClassToken(const ScanDirection& direction, int64_t height, int64_t width,
                                      VerticalReverse vertical_reverse);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_SCAN_SCAN_ORDER_H_
