#include "model/layers/scan_maps.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"

namespace localmamba {
namespace {

absl::StatusOr<Tensor> ToDevice(OpContext& context, const std::vector<int32_t>& values) {
  const Shape shape{static_cast<int64_t>(values.size())};
  LM_ASSIGN_OR_RETURN(Tensor result, Tensor::Allocate(context.allocator, DType::kInt32, shape));
  const ConstTensorView host(values.data(), DType::kInt32, shape);
  LM_RETURN_IF_ERROR(Copy(host, result, context.stream));
  return result;
}

}  // namespace

absl::StatusOr<std::vector<ScanMaps>> ScanMapCache::Get(OpContext& context,
                                                        const LayerDirections& directions,
                                                        int64_t height, int64_t width) {
  std::vector<ScanMaps> result;
  result.reserve(directions.size());
  const MutexLock lock(kept_->mu);
  MapsOfGrid* grid = kept_->grids.Find({height, width});
  if (grid == nullptr) grid = kept_->grids.Insert({height, width}, {});
  for (const ScanDirection& direction : directions) {
    const Direction key(direction.kind, direction.window, direction.flip);
    auto found = grid->find(key);
    if (found == grid->end()) {
      LM_ASSIGN_OR_RETURN(ScanMaps maps, Make(context, direction, height, width));
      found = grid->emplace(key, std::move(maps)).first;
    }
    result.push_back(found->second);
    if (context.retained != nullptr) {
      context.retained->insert(context.retained->end(), {found->second.read, found->second.write});
    }
  }
  return result;
}

absl::StatusOr<ScanMaps> ScanMapCache::Make(OpContext& context, const ScanDirection& direction,
                                            int64_t height, int64_t width) const {
  // One position more for a class token.
  if (direction.Length(height, width) >= std::numeric_limits<int32_t>::max()) {
    return absl::InvalidArgumentError(
        absl::StrCat("direction ", direction.ToString(), ": a grid of ", height, "x", width,
                     " has too many positions, wanted fewer than 2^31 - 1"));
  }
  const ScanOrder order =
      class_token_ == ClassToken::kMiddle
          ? MakeScanOrderWithClassToken(direction, height, width, vertical_reverse_)
          : MakeScanOrder(direction, height, width, vertical_reverse_);
  ScanMaps maps;
  LM_ASSIGN_OR_RETURN(maps.read, ToDevice(context, order.read));
  LM_ASSIGN_OR_RETURN(maps.write, ToDevice(context, order.write));
  // `order` must outlive the copies.
  LM_RETURN_IF_ERROR(context.stream.Synchronize());
  return maps;
}

}  // namespace localmamba
