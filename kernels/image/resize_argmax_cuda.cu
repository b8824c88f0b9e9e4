// Both resizes of an axis are one sum of up to four cells. A warp makes 32 neighbouring pixels of a
// row: each lane finds the columns of one of them, then all lanes share out the channels of one
// pixel after the other. Neighbours read the same few cells, which the L1 cache holds.
#include <cmath>
#include <cstdint>

#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/launch.h"
#include "kernels/device/cuda/vector.cuh"
#include "kernels/image/backends.h"
#include "kernels/image/bilinear_taps.cuh"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba {
namespace cuda {
namespace {

constexpr int kWarp = 32;
constexpr int kWarps = 8;  // of a block
constexpr unsigned kAllLanes = 0xffffffffU;

// From `in` cells to `between`, of whose first `part` to `out`.
struct AxisSizes {
  int in, between, part, out;
};

// The inputs of one output coordinate, each once.
struct MergedTaps {
  int count = 0;
  int index[4];
  float weight[4];
};

__device__ MergedTaps MergeTaps(const AxisSizes& axis, int i) {
  const DeviceBilinearTaps outer =
      MakeDeviceBilinearTaps(i, static_cast<double>(axis.part) / axis.out, axis.part);
  const double inner_scale = static_cast<double>(axis.in) / axis.between;
  MergedTaps taps;
#pragma unroll
  for (int p = 0; p < 2; ++p) {
    const DeviceBilinearTaps inner = MakeDeviceBilinearTaps(outer.index[p], inner_scale, axis.in);
#pragma unroll
    for (int q = 0; q < 2; ++q) {
      const float weight = outer.weight[p] * inner.weight[q];
      if (weight == 0.0F) continue;
      int place = 0;
      while (place < taps.count && taps.index[place] != inner.index[q]) ++place;
      if (place == taps.count) {
        taps.index[taps.count] = inner.index[q];
        taps.weight[taps.count++] = 0.0F;
      }
      taps.weight[place] += weight;
    }
  }
  return taps;
}

// The taps that `lane` holds.
__device__ MergedTaps FromLane(const MergedTaps& taps, int lane) {
  MergedTaps result;
  result.count = __shfl_sync(kAllLanes, taps.count, lane);
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    result.index[i] = __shfl_sync(kAllLanes, taps.index[i], lane);
    result.weight[i] = __shfl_sync(kAllLanes, taps.weight[i], lane);
  }
  return result;
}

// The largest channel, and the sum of exp(value - largest) over all.
struct Largest {
  float value = -INFINITY;
  int channel = 0;
  float sum = 0.0F;
};

template <bool kConfidence, class T>
__device__ Largest FindLargest(const T* image, int W, int C, const MergedTaps& rows,
                               const MergedTaps& columns, int lane) {
  Largest largest;
  largest.channel = lane;
  for (int c = lane; c < C; c += kWarp) {
    float value = 0.0F;
    for (int p = 0; p < rows.count; ++p) {
      const T* row = image + int64_t{rows.index[p]} * W * C + c;
      float of_row = 0.0F;
      for (int q = 0; q < columns.count; ++q) {
        of_row += columns.weight[q] * ToFloat(row[int64_t{columns.index[q]} * C]);
      }
      value += rows.weight[p] * of_row;
    }
    if (value > largest.value) {
      if constexpr (kConfidence) {
        largest.sum = largest.sum * expf(largest.value - value) + 1.0F;
      }
      largest.value = value;
      largest.channel = c;
    } else if constexpr (kConfidence) {
      largest.sum += expf(value - largest.value);
    }
  }
  const float own = largest.value;
#pragma unroll
  for (int step = kWarp / 2; step > 0; step /= 2) {
    const float value = __shfl_xor_sync(kAllLanes, largest.value, step);
    const int channel = __shfl_xor_sync(kAllLanes, largest.channel, step);
    if (value > largest.value || (value == largest.value && channel < largest.channel)) {
      largest.value = value;
      largest.channel = channel;
    }
  }
  if constexpr (kConfidence) {
    largest.sum *= expf(own - largest.value);
#pragma unroll
    for (int step = kWarp / 2; step > 0; step /= 2) {
      largest.sum += __shfl_xor_sync(kAllLanes, largest.sum, step);
    }
  }
  return largest;
}

template <class T, bool kConfidence>
__global__ void ResizeArgmaxKernel(const T* x, int C, AxisSizes vertical, AxisSizes horizontal,
                                   int32_t* y, float* confidence, unsigned rows_of_all) {
  const unsigned warps_of_row = (horizontal.out + kWarp - 1) / kWarp;
  const unsigned warp = blockIdx.x * kWarps + threadIdx.x / kWarp;
  const unsigned row = warp / warps_of_row;  // over all images
  if (row >= rows_of_all) return;
  const int lane = static_cast<int>(threadIdx.x % kWarp);
  const int first = static_cast<int>(warp % warps_of_row) * kWarp;
  const T* image = x + int64_t{row / vertical.out} * vertical.in * horizontal.in * C;
  const MergedTaps rows = MergeTaps(vertical, static_cast<int>(row % vertical.out));
  const MergedTaps columns = MergeTaps(horizontal, min(first + lane, horizontal.out - 1));
  const int pixels = min(kWarp, horizontal.out - first);
  Largest own;
  for (int pixel = 0; pixel < pixels; ++pixel) {
    const Largest largest =
        FindLargest<kConfidence>(image, horizontal.in, C, rows, FromLane(columns, pixel), lane);
    if (pixel == lane) own = largest;
  }
  if (lane >= pixels) return;
  const int64_t place = int64_t{row} * horizontal.out + first + lane;
  y[place] = own.channel;
  if constexpr (kConfidence) confidence[place] = 1.0F / own.sum;
}

}  // namespace
}  // namespace cuda

absl::Status ResizeArgmaxCuda(const ResizeArgmaxArgs& args, Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  const TensorView& y = args.y;
  if (y.elements() == 0) return absl::OkStatus();
  const int64_t H = args.x.dim(1);
  const int64_t W = args.x.dim(2);
  const IntermediateSize between = args.between.value_or(IntermediateSize{H, W, H, W});
  const auto axis = [](int64_t in, int64_t size, int64_t part, int64_t out) {
    return AxisSizes{static_cast<int>(in), static_cast<int>(size), static_cast<int>(part),
                     static_cast<int>(out)};
  };
  const AxisSizes vertical = axis(H, between.height, between.rows, y.dim(1));
  const AxisSizes horizontal = axis(W, between.width, between.columns, y.dim(2));
  const int64_t rows = y.dim(0) * y.dim(1);
  const unsigned blocks = BlockCount(rows * DivideUp(y.dim(2), kWarp), kWarps);
  cudaStream_t handle = Activate(stream);
  DispatchFloat(args.x.dtype(), [&]<class T>(T) {
    DispatchBool(!args.confidence.empty(), [&](auto with_confidence) {
      ResizeArgmaxKernel<T, with_confidence.value><<<blocks, kWarps * kWarp, 0, handle>>>(
          Data<T>(args.x), static_cast<int>(args.x.dim(3)), vertical, horizontal, Data<int32_t>(y),
          Data<float>(args.confidence), static_cast<unsigned>(rows));
    });
  });
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba
