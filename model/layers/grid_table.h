// A table with one row per cell of the token grid (position embedding, rotary tables), used on
// grids of other sizes by bicubic interpolation (reference §3.6).
#ifndef LOCALMAMBA_MODEL_LAYERS_GRID_TABLE_H_
#define LOCALMAMBA_MODEL_LAYERS_GRID_TABLE_H_

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernels/base/lru_cache.h"
#include "kernels/base/mutex.h"
#include "model/autograd/op_context.h"
#include "model/weights/parameter_set.h"

namespace localmamba {

class GridTable {
 public:
  // `table`: (..., rows, E) for a grid of height x width cells. One row more is the class token's,
  // at index height*width/2; it belongs to no cell and keeps its value at every size.
  GridTable(const Parameter* table, int64_t height, int64_t width)
      : parameter_(table), height_(height), width_(width) {}

  // Forgets the tables made so far. `dtype`: of the tables to come.
  absl::Status Pack(OpContext& context, DType dtype);

  static constexpr size_t kMaxSizes = 32;

  // (rows, E) for a grid of height x width; made on first use of a size and kept for the sizes used
  // last; retained by the context. The class token's row is then at height*width/2. Safe from
  // several threads.
  absl::StatusOr<Value> At(OpContext& context, int64_t height, int64_t width);

 private:
  struct Kept {
    Mutex mu;
    // By height and width.
    LruCache<std::pair<int64_t, int64_t>, Value> tables ABSL_GUARDED_BY(mu){kMaxSizes};
  };

  [[nodiscard]] absl::StatusOr<Value> Resize(OpContext& context, int64_t height,
                                             int64_t width) const;

  const Parameter* parameter_;
  int64_t height_;
  int64_t width_;
  DType dtype_ = DType::kFloat32;
  Value table_;  // (rows, E), float32
  std::unique_ptr<Kept> kept_ = std::make_unique<Kept>();
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_LAYERS_GRID_TABLE_H_
