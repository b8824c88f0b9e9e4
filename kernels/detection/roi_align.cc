#include "kernels/detection/roi_align.h"

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "kernels/detection/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status RoiAlign(const RoiAlignArgs& args, Stream& stream) {
  const ArgChecker check("roi_align", stream.device());
  LM_RETURN_IF_ERROR(check.Tensor("rois", args.rois, DType::kFloat32, {-1, -1, 4}));
  const int64_t B = args.rois.dim(0);
  const int64_t R = args.rois.dim(1);
  if (R > 1 && args.rois.stride(1) != 4) {
    return check.Error("rois", args.rois, "the regions of an image one after the other");
  }
  LM_RETURN_IF_ERROR(check.OptionalDense("counts", args.counts, DType::kInt32, {B}));
  const DType dtype = args.y.dtype();
  LM_RETURN_IF_ERROR(check.Dense("y", args.y, dtype, {B, R, -1, -1, -1}));
  if (args.y.dim(2) < 1 || args.y.dim(3) < 1) return check.Error("y", args.y, "at least one bin");
  if (args.maps.empty() || args.maps.size() > kMaxPyramidMaps) {
    return absl::InvalidArgumentError(absl::StrCat("roi_align: there are ", args.maps.size(),
                                                   " maps, wanted 1 to ", kMaxPyramidMaps));
  }
  for (size_t level = 0; level < args.maps.size(); ++level) {
    const std::string name = absl::StrCat("maps[", level, "]");
    const ConstTensorView& map = args.maps[level].map;
    LM_RETURN_IF_ERROR(check.Dense(name, map, dtype, {B, -1, -1, args.y.dim(4)}));
    if (map.dim(1) < 1 || map.dim(2) < 1) return check.Error(name, map, "at least one cell");
    if (!(args.maps[level].stride > 0)) {
      return check.Error(name, map,
                         absl::StrCat("a positive stride, not ", args.maps[level].stride));
    }
  }
  if (stream.device().is_cpu() && dtype == DType::kFloat32) {
    return RoiAlignCpu(args, stream);
  }
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu() && IsFloat(dtype)) return RoiAlignCuda(args, stream);
#endif
  return check.Unimplemented(dtype);
}

}  // namespace localmamba
