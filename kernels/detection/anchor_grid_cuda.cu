#include "kernels/detection/backends.h"
#include "kernels/detection/cuda/box_memory.cuh"
#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/launch.h"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba {
namespace cuda {
namespace {

constexpr int kThreads = 256;

__global__ void WriteAnchorsKernel(AnchorGrid grid, float* anchors) {
  const int64_t anchor = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (anchor < grid.anchors()) StoreBox(grid.At(anchor), anchors, anchor);
}

}  // namespace
}  // namespace cuda

absl::Status WriteAnchorsCuda(const AnchorGrid& grid, const TensorView& anchors, Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  if (grid.anchors() == 0) return absl::OkStatus();
  WriteAnchorsKernel<<<BlockCount(grid.anchors(), kThreads), kThreads, 0, Activate(stream)>>>(
      grid, Data<float>(anchors));
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba
