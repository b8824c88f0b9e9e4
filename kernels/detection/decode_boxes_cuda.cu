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

template <class T>
struct DecodeBoxesParams {
  const float* boxes;
  const T* deltas;
  DeltaScale scale;
  const float* limits;
  float* y;
  int rows_per_image;
  int classes;
  int count;  // of all images
};

template <class T>
__global__ void DecodeBoxesKernel(DecodeBoxesParams<T> params) {
  const auto i = static_cast<int>(blockIdx.x * kThreads + threadIdx.x);
  if (i >= params.count) return;
  const int row = i / params.classes;
  const int b = row / params.rows_per_image;
  const BoxLimits limits = {params.limits[2 * b], params.limits[2 * b + 1]};
  StoreBox(DecodeBox(LoadBox(params.boxes, row), LoadDelta(params.deltas, i), params.scale, limits),
           params.y, i);
}

}  // namespace
}  // namespace cuda

absl::Status DecodeBoxesCuda(const DecodeBoxesArgs& args, Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  if (args.y.elements() == 0) return absl::OkStatus();
  const int64_t count = args.y.elements() / 4;
  cudaStream_t handle = Activate(stream);
  DispatchFloat(args.deltas.dtype(), [&]<class T>(T) {
    DecodeBoxesKernel<T><<<BlockCount(count, kThreads), kThreads, 0, handle>>>(
        {.boxes = Data<float>(args.boxes),
         .deltas = Data<T>(args.deltas),
         .scale = args.scale,
         .limits = Data<float>(args.limits),
         .y = Data<float>(args.y),
         .rows_per_image = static_cast<int>(args.boxes.dim(1)),
         .classes = static_cast<int>(args.deltas.dim(2)),
         .count = static_cast<int>(count)});
  });
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba
