// The implementations between which the dispatchers of this folder choose. Arguments are checked.
// Those named Cuda exist in builds with CUDA only.
#ifndef LOCALMAMBA_KERNELS_NORM_BACKENDS_H_
#define LOCALMAMBA_KERNELS_NORM_BACKENDS_H_

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/norm/add_norm.h"
#include "kernels/norm/add_norm_backward.h"
#include "kernels/norm/layer_norm.h"
#include "kernels/norm/layer_norm_backward.h"
#include "kernels/norm/pooled_layer_norm.h"
#include "kernels/norm/pooled_layer_norm_backward.h"

namespace localmamba {

absl::Status AddNormCpu(const AddNormArgs& args, Stream& stream);
absl::Status AddNormCuda(const AddNormArgs& args, Stream& stream);
absl::Status AddNormBackwardCpu(const AddNormBackwardArgs& args, Stream& stream);
absl::Status AddNormBackwardCuda(const AddNormBackwardArgs& args, Stream& stream);
absl::Status LayerNormCpu(const LayerNormArgs& args, Stream& stream);
absl::Status LayerNormCuda(const LayerNormArgs& args, Stream& stream);
absl::Status LayerNormBackwardCpu(const LayerNormBackwardArgs& args, Stream& stream);
absl::Status LayerNormBackwardCuda(const LayerNormBackwardArgs& args, Stream& stream);
absl::Status PooledLayerNormCpu(const PooledLayerNormArgs& args, Stream& stream);
absl::Status PooledLayerNormCuda(const PooledLayerNormArgs& args, Stream& stream);
absl::Status PooledLayerNormBackwardCpu(const PooledLayerNormBackwardArgs& args, Stream& stream);
absl::Status PooledLayerNormBackwardCuda(const PooledLayerNormBackwardArgs& args, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_NORM_BACKENDS_H_
