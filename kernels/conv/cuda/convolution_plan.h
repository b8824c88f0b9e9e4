// How cuDNN runs a convolution of channels-last maps.
#ifndef LOCALMAMBA_KERNELS_CONV_CUDA_CONVOLUTION_PLAN_H_
#define LOCALMAMBA_KERNELS_CONV_CUDA_CONVOLUTION_PLAN_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "kernels/conv/cuda/cudnn.h"
#include "kernels/conv/map_conv2d.h"

namespace localmamba::cuda {

// Of the convolution alone, without bias and activation. It holds no memory of the device.
struct ConvolutionPlan {
  // The names of the operands.
  static constexpr int64_t kX = 'x';
  static constexpr int64_t kWeight = 'w';
  static constexpr int64_t kY = 'y';

  CudnnDescriptor plan;
  int64_t workspace_bytes = 0;
};

// The alignment in bytes that a plan was made for and needs.
int64_t ConvolutionAlignment(const ConstTensorView& operand);

// The best that cuDNN's heuristics know, the same each time, among those that are deterministic,
// sum in float32, and are compiled already: compiling one for a new image size would take longer
// than a request may. Float32 is multiplied without TF32.
// Errors: INTERNAL if there is none, or for a failure of cuDNN.
absl::StatusOr<ConvolutionPlan> MakeConvolutionPlan(const MapConv2dArgs& args,
                                                    cudnnHandle_t library);

}  // namespace localmamba::cuda

#endif  // LOCALMAMBA_KERNELS_CONV_CUDA_CONVOLUTION_PLAN_H_
