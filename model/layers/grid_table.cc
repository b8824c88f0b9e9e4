#include "model/layers/grid_table.h"

#include "kernels/base/status_macros.h"
#include "model/autograd/operations.h"
#include "model/layers/pack_parameter.h"

namespace localmamba {

absl::Status GridTable::Pack(OpContext& context, DType dtype) {
  LM_ASSIGN_OR_RETURN(const Value table, PackParameter(context, *parameter_, DType::kFloat32));
  const int rank = table.tensor().rank();
  table_ = ops::Reshape(context, table, {table.dim(rank - 2), table.dim(rank - 1)});
  dtype_ = dtype;
  const MutexLock lock(kept_->mu);
  kept_->tables.Clear();
  return absl::OkStatus();
}

absl::StatusOr<Value> GridTable::At(OpContext& context, int64_t height, int64_t width) {
  const MutexLock lock(kept_->mu);
  Value* table = kept_->tables.Find({height, width});
  if (table == nullptr) {
    LM_ASSIGN_OR_RETURN(const Value resized, Resize(context, height, width));
    LM_ASSIGN_OR_RETURN(Value made, ops::Convert(context, resized, dtype_));
    // Other streams may use the table, and the memory of what it was made of, from now on.
    LM_RETURN_IF_ERROR(context.stream.Synchronize());
    table = kept_->tables.Insert({height, width}, std::move(made));
  }
  if (context.retained != nullptr) context.retained->push_back(table->tensor());
  return *table;
}

absl::StatusOr<Value> GridTable::Resize(OpContext& context, int64_t height, int64_t width) const {
  if (height == height_ && width == width_) return table_;
  const int64_t cells = height_ * width_;
  const int64_t columns = table_.dim(1);
  const bool class_token = table_.dim(0) == cells + 1;
  Value grid = table_;
  if (class_token) {
    const Value before = ops::Slice(context, table_, 0, 0, cells / 2);
    const Value after = ops::Slice(context, table_, 0, cells / 2 + 1, cells + 1);
    LM_ASSIGN_OR_RETURN(grid, ops::ConcatRows(context, {before, after}));
  }
  grid = ops::Reshape(context, grid, {height_, width_, columns});
  LM_ASSIGN_OR_RETURN(grid, ops::ResizeBicubic(context, grid, height, width));
  if (!class_token) return ops::Reshape(context, grid, {height * width, columns});
  grid = ops::Reshape(context, grid, {1, height * width, columns});
  const Value token = ops::Select(context, table_, 0, cells / 2);
  LM_ASSIGN_OR_RETURN(grid, ops::InsertToken(context, grid, token, height * width / 2));
  return ops::Reshape(context, grid, {height * width + 1, columns});
}

}  // namespace localmamba
