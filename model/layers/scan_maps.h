// Scan directions as index maps on the device, kept for the grid sizes used last.
#ifndef LOCALMAMBA_MODEL_LAYERS_SCAN_MAPS_H_
#define LOCALMAMBA_MODEL_LAYERS_SCAN_MAPS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "kernels/base/lru_cache.h"
#include "kernels/base/mutex.h"
#include "kernels/scan/scan_order.h"
#include "kernels/tensor/tensor.h"
#include "model/autograd/op_context.h"
#include "model/layers/mixer_config.h"

namespace localmamba {

// A ScanOrder on the device: i32 (Ls).
struct ScanMaps {
  Tensor read;
  Tensor write;
};

// Safe from several threads.
class ScanMapCache {
 public:
  enum class ClassToken : uint8_t { kNone, kMiddle };
  // More than one pass asks for.
  static constexpr size_t kMaxGrids = 128;

  ScanMapCache(VerticalReverse vertical_reverse, ClassToken class_token)
      : vertical_reverse_(vertical_reverse), class_token_(class_token) {}

  // The maps of a layer on a grid, one per direction; retained by the context. Errors:
  // INVALID_ARGUMENT if the sequence of a direction is too long for 32-bit indices; those of the
  // context's allocator and of Copy.
  absl::StatusOr<std::vector<ScanMaps>> Get(OpContext& context, const LayerDirections& directions,
                                            int64_t height, int64_t width);

 private:
  using Direction = std::tuple<ScanDirection::Kind, int64_t, bool>;  // kind, window, flip
  using Grid = std::pair<int64_t, int64_t>;                          // height, width
  using MapsOfGrid = std::map<Direction, ScanMaps>;
  struct Kept {
    Mutex mu;
    LruCache<Grid, MapsOfGrid> grids ABSL_GUARDED_BY(mu){kMaxGrids};
  };

  [[nodiscard]] absl::StatusOr<ScanMaps> Make(OpContext& context, const ScanDirection& direction,
                                              int64_t height, int64_t width) const;

  VerticalReverse vertical_reverse_;
  ClassToken class_token_;
  std::unique_ptr<Kept> kept_ = std::make_unique<Kept>();
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_LAYERS_SCAN_MAPS_H_
