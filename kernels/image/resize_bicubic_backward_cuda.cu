#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/launch.h"
#include "kernels/image/backends.h"
#include "kernels/image/bicubic_taps.cuh"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba {
namespace cuda {
namespace {

constexpr int kThreads = 256;

// Outputs [begin, end) that may use input `in`; a few more than do, as rounding may shift them.
struct Uses {
  int begin, end;
};

__device__ Uses UsesOf(int in, float scale, int in_size, int out_size) {
  // Output i uses floor(c) - 1 to floor(c) + 2 with c = (i + 0.5) * scale - 0.5, clamped: those of
  // the borders are used from beyond too.
  const float first = (static_cast<float>(in) - 1.5F) / scale - 0.5F;
  const float last = (static_cast<float>(in) + 2.5F) / scale - 0.5F;
  const int begin = in == 0 ? 0 : max(0, static_cast<int>(floorf(first)) - 1);
  const int end = in == in_size - 1 ? out_size : min(out_size, static_cast<int>(ceilf(last)) + 2);
  return {begin, end};
}

// The weight of input `in` in output `out`.
__device__ float WeightOf(int in, int out, float scale, int in_size) {
  const BicubicTaps taps = MakeBicubicTaps(out, scale, in_size);
  float weight = 0.0F;
#pragma unroll
  for (int k = 0; k < 4; ++k) weight += taps.index[k] == in ? taps.weight[k] : 0.0F;
  return weight;
}

__global__ void ResizeBicubicBackwardKernel(const float* dy, int out_height, int out_width,
                                            float* dx, int height, int width, int channels) {
  const unsigned index = blockIdx.x * kThreads + threadIdx.x;
  const int channel = static_cast<int>(index % channels);
  const int s = static_cast<int>(index / channels % width);
  const int r = static_cast<int>(index / channels / width);
  if (r >= height) return;
  const float row_scale = static_cast<float>(height) / out_height;
  const float column_scale = static_cast<float>(width) / out_width;
  const Uses rows = UsesOf(r, row_scale, height, out_height);
  const Uses columns = UsesOf(s, column_scale, width, out_width);
  float sum = 0.0F;
  for (int j = columns.begin; j < columns.end; ++j) {
    float of_column = 0.0F;
    for (int i = rows.begin; i < rows.end; ++i) {
      of_column +=
          WeightOf(r, i, row_scale, height) * dy[(int64_t{i} * out_width + j) * channels + channel];
    }
    sum += WeightOf(s, j, column_scale, width) * of_column;
  }
  dx[index] = sum;
}

}  // namespace
}  // namespace cuda

absl::Status ResizeBicubicBackwardCuda(const ConstTensorView& dy, const TensorView& dx,
                                       Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  if (dx.elements() == 0) return absl::OkStatus();
  ResizeBicubicBackwardKernel<<<BlockCount(dx.elements(), kThreads), kThreads, 0,
                                Activate(stream)>>>(
      Data<float>(dy), static_cast<int>(dy.dim(0)), static_cast<int>(dy.dim(1)), Data<float>(dx),
      static_cast<int>(dx.dim(0)), static_cast<int>(dx.dim(1)), static_cast<int>(dx.dim(2)));
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba
