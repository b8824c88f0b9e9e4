// One warp a bin, its lanes side by side over the channels: every read of a cell is one whole line,
// and the samples of a bin and of its neighbours in the block find their cells in the L1 cache. All
// maps are served by one launch, each region reading its own.
#include "kernels/detection/backends.h"
#include "kernels/detection/cuda/box_memory.cuh"
#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/launch.h"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba {
namespace cuda {
namespace {

constexpr int kWarps = 8;  // of a block

template <class T>
struct MapParams {
  const T* data;
  int height, width;
  float scale;  // cells per pixel
};

template <class T>
struct RoiAlignParams {
  MapParams<T> maps[kMaxPyramidMaps];
  int map_count;
  const float* rois;
  int64_t roi_stride;  // of images
  const int* counts;   // may be null
  T* y;
  int regions;  // of an image
  int bin_rows, bin_columns;
  int channels;
  int bins;  // of all images
};

// The samples of one bin along one axis.
struct AxisSamples {
  float begin, step;
  int count;

  __device__ AxisSamples(float low, float high, int bin, int bins) {
    const float length = (high - low) / static_cast<float>(bins);
    count = static_cast<int>(ceilf(length));
    step = count > 0 ? length / static_cast<float>(count) : 0.0F;
    begin = low + static_cast<float>(bin) * length + 0.5F * step;
  }
};

// The two cells of one axis between which a sample lies, and the weight of the second.
struct CellPair {
  int first, second;
  float weight;
  bool inside;

  __device__ CellPair(float at, int extent) {
    inside = at >= -1.0F && at <= static_cast<float>(extent);
    at = fmaxf(at, 0.0F);
    const int cell = static_cast<int>(at);
    first = min(cell, extent - 1);
    second = min(cell + 1, extent - 1);
    weight = cell < extent - 1 ? at - static_cast<float>(cell) : 0.0F;
  }
};

__device__ int LevelOf(const Box& roi, int levels) {
  const float level = floorf(log2f(sqrtf(roi.area()) / 56.0F + 1e-6F));
  return static_cast<int>(fminf(fmaxf(level, 0.0F), static_cast<float>(levels - 1)));
}

template <int kWidth, class T>
__device__ __forceinline__ void AddWeighted(float weight, const T* cell, float (&sum)[kWidth]) {
  float values[kWidth];
  if constexpr (kWidth == 1) {
    values[0] = ToFloat(*cell);
  } else {
    LoadVector(cell, values);
  }
#pragma unroll
  for (int i = 0; i < kWidth; ++i) sum[i] += weight * values[i];
}

// kWidth channels of the bin; `map` is at the first of them.
template <int kWidth, class T>
__device__ __forceinline__ void SumSamples(const MapParams<T>& map, const T* data, int channels,
                                           const AxisSamples& rows, const AxisSamples& columns,
                                           float (&sum)[kWidth]) {
  for (int i = 0; i < rows.count; ++i) {
    const CellPair row(rows.begin + static_cast<float>(i) * rows.step, map.height);
    if (!row.inside) continue;
    const T* upper = data + int64_t{row.first} * map.width * channels;
    const T* lower = data + int64_t{row.second} * map.width * channels;
    for (int j = 0; j < columns.count; ++j) {
      const CellPair column(columns.begin + static_cast<float>(j) * columns.step, map.width);
      if (!column.inside) continue;
      const int left = column.first * channels;
      const int right = column.second * channels;
      const float above = 1.0F - row.weight;
      const float before = 1.0F - column.weight;
      AddWeighted<kWidth>(above * before, upper + left, sum);
      AddWeighted<kWidth>(above * column.weight, upper + right, sum);
      AddWeighted<kWidth>(row.weight * before, lower + left, sum);
      AddWeighted<kWidth>(row.weight * column.weight, lower + right, sum);
    }
  }
}

template <int kWidth, class T>
__global__ void __launch_bounds__(32 * kWarps) RoiAlignKernel(RoiAlignParams<T> params) {
  const auto bin = static_cast<int>(blockIdx.x * kWarps + threadIdx.y);
  if (bin >= params.bins) return;
  const int bins_of_region = params.bin_rows * params.bin_columns;
  const int region = bin / bins_of_region;
  const int b = region / params.regions;
  const int r = region % params.regions;
  const int channels = params.channels;
  T* y = params.y + int64_t{bin} * channels;
  const bool used = params.counts == nullptr || r < params.counts[b];
  const Box roi = LoadBox(params.rois + b * params.roi_stride, r);
  const MapParams<T>& map = params.maps[used ? LevelOf(roi, params.map_count) : 0];
  const int in_region = bin % bins_of_region;
  const AxisSamples rows(roi.y1 * map.scale - 0.5F, roi.y2 * map.scale - 0.5F,
                         in_region / params.bin_columns, params.bin_rows);
  const AxisSamples columns(roi.x1 * map.scale - 0.5F, roi.x2 * map.scale - 0.5F,
                            in_region % params.bin_columns, params.bin_columns);
  const float factor = 1.0F / static_cast<float>(max(rows.count * columns.count, 1));
  const T* data = map.data + int64_t{b} * map.height * map.width * channels;
  for (int c = static_cast<int>(threadIdx.x) * kWidth; c < channels; c += 32 * kWidth) {
    float sum[kWidth] = {};
    if (used) SumSamples<kWidth>(map, data + c, channels, rows, columns, sum);
#pragma unroll
    for (int i = 0; i < kWidth; ++i) sum[i] *= factor;
    if constexpr (kWidth == 1) {
      y[c] = FromFloat<T>(sum[0]);
    } else {
      StoreVector(sum, y + c);
    }
  }
}

}  // namespace
}  // namespace cuda

absl::Status RoiAlignCuda(const RoiAlignArgs& args, Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  if (args.y.elements() == 0) return absl::OkStatus();
  const int64_t C = args.y.dim(4);
  bool aligned = IsVectorizable(args.y, kVectorWidth);
  for (const PyramidMap& map : args.maps) {
    aligned = aligned && IsVectorizable(map.map, kVectorWidth);
  }
  const int64_t bins = args.y.elements() / C;
  const dim3 block(32, kWarps);
  cudaStream_t handle = Activate(stream);
  DispatchFloat(args.y.dtype(), [&]<class T>(T) {
    RoiAlignParams<T> params = {.maps = {},
                                .map_count = static_cast<int>(args.maps.size()),
                                .rois = Data<float>(args.rois),
                                .roi_stride = args.rois.stride(0),
                                .counts = Data<int>(args.counts),
                                .y = Data<T>(args.y),
                                .regions = static_cast<int>(args.rois.dim(1)),
                                .bin_rows = static_cast<int>(args.y.dim(2)),
                                .bin_columns = static_cast<int>(args.y.dim(3)),
                                .channels = static_cast<int>(C),
                                .bins = static_cast<int>(bins)};
    for (size_t level = 0; level < args.maps.size(); ++level) {
      const ConstTensorView& map = args.maps[level].map;
      params.maps[level] = {Data<T>(map), static_cast<int>(map.dim(1)),
                            static_cast<int>(map.dim(2)), 1.0F / args.maps[level].stride};
    }
    DispatchBool(aligned, [&](auto is_aligned) {
      constexpr int kWidth = decltype(is_aligned)::value ? kVectorWidth : 1;
      RoiAlignKernel<kWidth, T><<<BlockCount(bins, kWarps), block, 0, handle>>>(params);
    });
  });
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba
