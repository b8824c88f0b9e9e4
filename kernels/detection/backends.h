// The implementations between which the dispatchers of this folder choose. Arguments are checked.
// Those named Cuda exist in builds with CUDA only.
#ifndef LOCALMAMBA_KERNELS_DETECTION_BACKENDS_H_
#define LOCALMAMBA_KERNELS_DETECTION_BACKENDS_H_

#include "absl/status/status.h"
#include "kernels/detection/anchor_grid.h"
#include "kernels/detection/batched_nms.h"
#include "kernels/detection/decode_anchors.h"
#include "kernels/detection/decode_boxes.h"
#include "kernels/detection/paste_masks.h"
#include "kernels/detection/roi_align.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

absl::Status BatchedNmsCpu(const BatchedNmsArgs& args, Stream& stream);
absl::Status BatchedNmsCuda(const BatchedNmsArgs& args, Stream& stream);
absl::Status DecodeAnchorsCpu(const DecodeAnchorsArgs& args, Stream& stream);
absl::Status DecodeAnchorsCuda(const DecodeAnchorsArgs& args, Stream& stream);
absl::Status DecodeBoxesCpu(const DecodeBoxesArgs& args, Stream& stream);
absl::Status DecodeBoxesCuda(const DecodeBoxesArgs& args, Stream& stream);
absl::Status PasteMasksCpu(const PasteMasksArgs& args, Stream& stream);
absl::Status RoiAlignCpu(const RoiAlignArgs& args, Stream& stream);
absl::Status RoiAlignCuda(const RoiAlignArgs& args, Stream& stream);
absl::Status SelectClassCpu(const ConstTensorView& x, const ConstTensorView& classes,
                            const TensorView& y, Stream& stream);
absl::Status SelectClassCuda(const ConstTensorView& x, const ConstTensorView& classes,
                             const TensorView& y, Stream& stream);
absl::Status WriteAnchorsCpu(const AnchorGrid& grid, const TensorView& anchors, Stream& stream);
absl::Status WriteAnchorsCuda(const AnchorGrid& grid, const TensorView& anchors, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_DETECTION_BACKENDS_H_
