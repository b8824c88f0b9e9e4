#include "kernels/detection/backends.h"
#include "kernels/detection/cuda/box_memory.cuh"
#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/launch.h"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba {
namespace cuda {
namespace {

constexpr int kThreads = 128;

template <class T>
struct DecodeAnchorsParams {
  AnchorGrid grid;
  int level;
  const int* indices;
  const float* scores;
  const T* deltas;
  const float* limits;
  float* boxes;
  float* y_scores;
  int* y_levels;
  int count;  // of an image
  int64_t boxes_stride;
  int64_t y_scores_stride;
};

template <class T>
__global__ void DecodeAnchorsKernel(DecodeAnchorsParams<T> params) {
  const auto i = static_cast<int>(blockIdx.x * kThreads + threadIdx.x);
  if (i >= params.count) return;
  const int64_t b = blockIdx.y;
  if (b == 0) params.y_levels[i] = params.level;
  const int64_t anchor = params.indices[b * params.count + i];
  const BoxDelta delta = LoadDelta(params.deltas, b * params.grid.anchors() + anchor);
  const BoxLimits limits = {params.limits[2 * b], params.limits[2 * b + 1]};
  const Box box = DecodeBox(params.grid.At(anchor), delta, {1, 1, 1, 1}, limits);
  StoreBox(box, params.boxes + b * params.boxes_stride, i);
  const bool has_area = box.width() > 0 && box.height() > 0;
  params.y_scores[b * params.y_scores_stride + i] =
      has_area ? params.scores[b * params.count + i] : -INFINITY;
}

}  // namespace
}  // namespace cuda

absl::Status DecodeAnchorsCuda(const DecodeAnchorsArgs& args, Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  const int64_t k = args.indices.dim(1);
  if (args.indices.elements() == 0) return absl::OkStatus();
  const dim3 grid(BlockCount(k, kThreads), BlockCount(args.indices.dim(0), 1));
  cudaStream_t handle = Activate(stream);
  DispatchFloat(args.deltas.dtype(), [&]<class T>(T) {
    DecodeAnchorsKernel<T>
        <<<grid, kThreads, 0, handle>>>({.grid = args.grid,
                                         .level = args.level,
                                         .indices = Data<int>(args.indices),
                                         .scores = Data<float>(args.scores),
                                         .deltas = Data<T>(args.deltas),
                                         .limits = Data<float>(args.limits),
                                         .boxes = Data<float>(args.boxes),
                                         .y_scores = Data<float>(args.y_scores),
                                         .y_levels = Data<int>(args.y_levels),
                                         .count = static_cast<int>(k),
                                         .boxes_stride = args.boxes.stride(0),
                                         .y_scores_stride = args.y_scores.stride(0)});
  });
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba
