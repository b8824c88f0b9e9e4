#include "kernels/detection/anchor_grid.h"

#include "kernels/base/status_macros.h"
#include "kernels/detection/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status WriteAnchors(const AnchorGrid& grid, const TensorView& anchors, Stream& stream) {
  const ArgChecker check("anchors", stream.device());
  LM_RETURN_IF_ERROR(check.Dense("anchors", anchors, DType::kFloat32, {grid.anchors(), 4}));
  if (stream.device().is_cpu()) {
    return WriteAnchorsCpu(grid, anchors, stream);
  }
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu()) return WriteAnchorsCuda(grid, anchors, stream);
#endif
  return check.Unimplemented(DType::kFloat32);
}

}  // namespace localmamba
