// Scan directions as index maps on the device, made once per grid size.
#ifndef LOCALMAMBA_MODEL_LAYERS_SCAN_MAPS_H_
#define LOCALMAMBA_MODEL_LAYERS_SCAN_MAPS_H_

#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "absl/status/statusor.h"
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

// Keeps every order that was asked for.
class ScanMapCache {
 public:
  enum class ClassToken : uint8_t { kNone, kMiddle };

  ScanMapCache(VerticalReverse vertical_reverse, ClassToken class_token)
      : vertical_reverse_(vertical_reverse), class_token_(class_token) {}

  // The maps of a layer on a grid, one per direction. Errors: INVALID_ARGUMENT if the sequence of
  // a direction is too long for 32-bit indices; those of the context's allocator and of Copy.
  absl::StatusOr<std::vector<ScanMaps>> Get(OpContext& context, const LayerDirections& directions,
                                            int64_t height, int64_t width);

 private:
  // Kind, window, flip, height, width.
  using Key = std::tuple<ScanDirection::Kind, int64_t, bool, int64_t, int64_t>;

  [[nodiscard]] absl::StatusOr<ScanMaps> Make(OpContext& context, const ScanDirection& direction,
                                              int64_t height, int64_t width) const;

  VerticalReverse vertical_reverse_;
  ClassToken class_token_;
  std::map<Key, ScanMaps> maps_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_LAYERS_SCAN_MAPS_H_
