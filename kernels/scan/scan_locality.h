// How well a scan direction keeps neighbours of the grid together: the distance along the sequence
// between cells that touch in the image. Short distances are what windowed scans are for.
#ifndef LOCALMAMBA_KERNELS_SCAN_SCAN_LOCALITY_H_
#define LOCALMAMBA_KERNELS_SCAN_SCAN_LOCALITY_H_

#include <cstdint>
#include <vector>

#include "kernels/scan/scan_order.h"

namespace localmamba {

// Distances |t(a) - t(b)| over all unordered pairs (a, b) of neighbouring cells, t being a cell's
// position in the sequence; padding positions count as distance.
struct NeighbourDistances {
  int64_t pairs = 0;
  double mean = 0.0;    // 0 without pairs
  int64_t maximum = 0;  // 0 without pairs
  // [d - 1]: pairs at distance d, for d = 1 ... maximum.
  std::vector<int64_t> pairs_at;
};

struct ScanLocality {
  int64_t sequence_length = 0;
  double padding_share = 0.0;  // padding positions / sequence_length
  NeighbourDistances four;     // neighbours that share an edge
  NeighbourDistances eight;    // and those that share a corner
};

// Of an H x W grid, H, W >= 1.
ScanLocality MeasureScanLocality(const ScanDirection& direction, int64_t height, int64_t width);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_SCAN_SCAN_LOCALITY_H_
