// Chunk by chunk of images, so that ds is bounded and stays in the second-level cache: ds, dx as
// the convolution of ds with the mirrored kernel, and sums for dweight and dbias over parts of the
// rows of cells, which SumRows adds up at the end.
#include <algorithm>

#include "kernels/base/status_macros.h"
#include "kernels/conv/backends.h"
#include "kernels/conv/cuda/depthwise.h"
#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/launch.h"
#include "kernels/device/cuda/scratch.h"
#include "kernels/device/cuda/vector.cuh"
#include "kernels/reduce/sum_rows.h"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba {
namespace cuda {
namespace {

constexpr int64_t kChunkElements = int64_t{1} << 24;  // of ds

constexpr int kWidth = 2;  // channels a thread
constexpr int kAhead = 4;  // columns under way
constexpr int kWarps = 8;
constexpr int kTile = 32 * kWidth;  // channels a block
constexpr int kSums = 10;           // of a channel: nine taps and the bias
// Enough blocks to fill a GPU; not a GPU's own number, so that all get the same sums.
constexpr int64_t kBlocks = 1024;

template <class T>
struct SumsParams {
  const T* x;
  const T* ds;  // dense
  int64_t x_image_stride, x_row_stride, x_cell_stride;
  int images, height, width, channels;
  int kernel_height, kernel_width;
  int rows_a_part;     // of cells, over all images
  float* weight_sums;  // (parts, channels, taps)
  float* bias_sums;    // (parts, channels)
};

// A warp takes rows of cells, its lanes two channels each. The columns of x around the current cell
// stay in registers, so every cell is loaded once for each of the three rows it lies beside; four
// columns are loaded before the first is used.
template <class T>
__global__ void __launch_bounds__(kWarps * 32) Sums3x3Kernel(SumsParams<T> params) {
  __shared__ float of_warp[kWarps][kSums][kTile];
  const int lane = static_cast<int>(threadIdx.x);
  const int warp = static_cast<int>(threadIdx.y);
  const int tile = static_cast<int>(blockIdx.x) * kTile;
  const int channel = tile + lane * kWidth;
  const int begin = static_cast<int>(blockIdx.y) * params.rows_a_part;
  const int end = min(begin + params.rows_a_part, params.images * params.height);
  float sums[kSums][kWidth] = {};
  for (int row = begin + warp; row < end && channel < params.channels; row += kWarps) {
    const int image = row / params.height;
    const int i = row % params.height;
    const T* x = params.x + image * params.x_image_stride + (i - 1) * params.x_row_stride + channel;
    const T* ds = params.ds + int64_t{row} * params.width * params.channels + channel;
    const auto load = [&](int p, int j) {
      const bool inside = i + p >= 1 && i + p <= params.height && j < params.width;
      return LoadStoredUpTo<true, kWidth>(x + p * params.x_row_stride + j * params.x_cell_stride,
                                          inside ? kWidth : 0);
    };
    // cells[q][p]: x in column j + q - 1 and row i + p - 1.
    float cells[3][3][kWidth] = {};
#pragma unroll
    for (int p = 0; p < 3; ++p) ToFloats(load(p, 0), cells[1][p]);
    for (int first = 0; first < params.width; first += kAhead) {
      Vector<T, kWidth> ahead[kAhead][3];
      Vector<T, kWidth> gradients[kAhead];
#pragma unroll
      for (int k = 0; k < kAhead; ++k) {
#pragma unroll
        for (int p = 0; p < 3; ++p) ahead[k][p] = load(p, first + k + 1);
        gradients[k] = LoadStoredUpTo<true, kWidth>(ds + int64_t{first + k} * params.channels,
                                                    first + k < params.width ? kWidth : 0);
      }
#pragma unroll
      for (int k = 0; k < kAhead; ++k) {
        float gradient[kWidth];
        ToFloats(gradients[k], gradient);
#pragma unroll
        for (int p = 0; p < 3; ++p) ToFloats(ahead[k][p], cells[2][p]);
#pragma unroll
        for (int c = 0; c < kWidth; ++c) {
#pragma unroll
          for (int tap = 0; tap < 9; ++tap) {
            sums[tap][c] = fmaf(gradient[c], cells[tap % 3][tap / 3][c], sums[tap][c]);
          }
          sums[9][c] += gradient[c];
#pragma unroll
          for (int p = 0; p < 3; ++p) {
            cells[0][p][c] = cells[1][p][c];
            cells[1][p][c] = cells[2][p][c];
          }
        }
      }
    }
  }
#pragma unroll
  for (int s = 0; s < kSums; ++s) {
#pragma unroll
    for (int c = 0; c < kWidth; ++c) of_warp[warp][s][lane * kWidth + c] = sums[s][c];
  }
  __syncthreads();
  const int64_t part = blockIdx.y;
  for (int index = warp * 32 + lane; index < kSums * kTile; index += kWarps * 32) {
    const int s = index / kTile;
    const int d = tile + index % kTile;
    if (d >= params.channels) continue;
    float total = 0.0F;
#pragma unroll
    for (int k = 0; k < kWarps; ++k) total += of_warp[k][s][index % kTile];
    if (s < 9)
      params.weight_sums[(part * params.channels + d) * 9 + s] = total;
    else
      params.bias_sums[part * params.channels + d] = total;
  }
}

// Any kernel and alignment: one sum a thread.
template <class T>
__global__ void SumsKernel(SumsParams<T> params) {
  const int taps = params.kernel_height * params.kernel_width;
  const unsigned index = blockIdx.x * blockDim.x + threadIdx.x;
  const int channel = static_cast<int>(index % params.channels);
  const int tap = static_cast<int>(index / params.channels);  // taps: that of the bias
  if (tap > taps) return;
  const int below = tap / params.kernel_width - params.kernel_height / 2;
  const int right = tap % params.kernel_width - params.kernel_width / 2;
  const int begin = static_cast<int>(blockIdx.y) * params.rows_a_part;
  const int end = min(begin + params.rows_a_part, params.images * params.height);
  float sum = 0.0F;
  for (int row = begin; row < end; ++row) {
    const int image = row / params.height;
    const int i = row % params.height + below;
    const T* ds = params.ds + int64_t{row} * params.width * params.channels + channel;
    if (tap == taps) {
      for (int j = 0; j < params.width; ++j) sum += ToFloat(ds[int64_t{j} * params.channels]);
      continue;
    }
    if (i < 0 || i >= params.height) continue;
    const T* x = params.x + image * params.x_image_stride + i * params.x_row_stride + channel;
    const int last = min(params.width, params.width - right);
    for (int j = max(0, -right); j < last; ++j) {
      sum = fmaf(ToFloat(ds[int64_t{j} * params.channels]),
                 ToFloat(x[(j + right) * params.x_cell_stride]), sum);
    }
  }
  const int64_t part = blockIdx.y;
  if (tap == taps)
    params.bias_sums[part * params.channels + channel] = sum;
  else
    params.weight_sums[(part * params.channels + channel) * taps + tap] = sum;
}

// The sums of parts of the rows of all chunks.
struct PartSums {
  TensorView weight;  // (parts, channels * taps)
  TensorView bias;    // (parts, channels)
  int64_t rows_a_part;
};

// The parts of one chunk of `rows` rows of cells.
int64_t PartsOf(int64_t rows, int64_t rows_a_part) { return DivideUp(rows, rows_a_part); }

// Sums x and ds of one chunk into parts [first, ...) of `sums`.
absl::Status SumChunk(const ConstTensorView& x, const ConstTensorView& ds, const Shape& kernel,
                      const PartSums& sums, int64_t first, Stream& stream) {
  const int64_t channels = x.dim(3);
  const int64_t parts = PartsOf(x.dim(0) * x.dim(1), sums.rows_a_part);
  cudaStream_t handle = Activate(stream);
  DispatchFloat(x.dtype(), [&]<class T>(T) {
    const SumsParams<T> params = {
        .x = Data<T>(x),
        .ds = Data<T>(ds),
        .x_image_stride = x.stride(0),
        .x_row_stride = x.stride(1),
        .x_cell_stride = x.stride(2),
        .images = static_cast<int>(x.dim(0)),
        .height = static_cast<int>(x.dim(1)),
        .width = static_cast<int>(x.dim(2)),
        .channels = static_cast<int>(channels),
        .kernel_height = static_cast<int>(kernel[1]),
        .kernel_width = static_cast<int>(kernel[2]),
        .rows_a_part = static_cast<int>(sums.rows_a_part),
        .weight_sums = Data<float>(sums.weight) + first * sums.weight.dim(1),
        .bias_sums = Data<float>(sums.bias) + first * channels,
    };
    const auto grid = [parts](unsigned blocks) {
      return dim3(blocks, static_cast<unsigned>(parts));
    };
    if (kernel[1] == 3 && kernel[2] == 3 && IsVectorizable(x, kWidth) &&
        IsVectorizable(ds, kWidth)) {
      Sums3x3Kernel<<<grid(BlockCount(channels, kTile)), dim3(32, kWarps), 0, handle>>>(params);
    } else {
      const int64_t outputs = sums.weight.dim(1) + channels;
      SumsKernel<<<grid(BlockCount(outputs, 128)), 128, 0, handle>>>(params);
    }
  });
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace
}  // namespace cuda

absl::Status DepthwiseConv2dBackwardCuda(const DepthwiseConv2dBackwardArgs& args, Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  const Shape shape = args.x.shape();
  const Shape kernel = args.weight.shape();
  const int64_t channels = shape[3];
  const int64_t image = shape[1] * shape[2] * channels;
  const int64_t chunk = std::clamp<int64_t>(kChunkElements / std::max<int64_t>(1, image), 1,
                                            std::max<int64_t>(1, shape[0]));
  const bool wants_sums = !args.dweight.empty() || !args.dbias.empty();
  const int64_t chunk_rows = std::max<int64_t>(1, chunk * shape[1]);
  // As many rows for each warp of a block.
  const int64_t wanted_parts =
      std::max<int64_t>(1, kBlocks / std::max<int64_t>(1, DivideUp(channels, kTile)));
  const int64_t rows_a_part = DivideUp(chunk_rows, wanted_parts * kWarps) * kWarps;
  PartSums sums = {.weight = {}, .bias = {}, .rows_a_part = rows_a_part};
  const int64_t parts = shape[0] / chunk * PartsOf(chunk_rows, sums.rows_a_part) +
                        PartsOf(shape[0] % chunk * shape[1], sums.rows_a_part);
  if (wants_sums) {
    struct DepthwiseSums;
    const int64_t width = kernel.elements();
    LM_ASSIGN_OR_RETURN(
        void* scratch,
        GetScratch<DepthwiseSums>(static_cast<size_t>(parts * (width + channels)) * sizeof(float),
                                  stream));
    sums.weight = TensorView(scratch, DType::kFloat32, {parts, width}, stream.device());
    sums.bias = TensorView(static_cast<float*>(scratch) + parts * width, DType::kFloat32,
                           {parts, channels}, stream.device());
  }
  int64_t part = 0;
  for (int64_t first = 0; first < shape[0]; first += chunk) {
    const int64_t last = std::min(shape[0], first + chunk);
    const ConstTensorView x = args.x.Slice(0, first, last);
    ConstTensorView ds = args.dy.Slice(0, first, last);
    if (args.activation != Activation::kIdentity) {
      struct DepthwiseDs;
      LM_ASSIGN_OR_RETURN(
          void* scratch,
          GetScratch<DepthwiseDs>(static_cast<size_t>(chunk * image) * SizeOf(ds.dtype()), stream));
      const TensorView result(scratch, ds.dtype(), ds.shape(), stream.device());
      LM_RETURN_IF_ERROR(RunDepthwise({.x = x,
                                       .weight = args.weight,
                                       .bias = args.bias,
                                       .activation = args.activation,
                                       .dy = ds,
                                       .y = result},
                                      stream));
      ds = result;
    }
    if (!args.dx.empty()) {
      LM_RETURN_IF_ERROR(RunDepthwise(
          {.x = ds, .weight = args.weight, .mirrored = true, .y = args.dx.Slice(0, first, last)},
          stream));
    }
    if (wants_sums && x.elements() > 0) {
      LM_RETURN_IF_ERROR(SumChunk(x, ds, kernel, sums, part, stream));
      part += PartsOf((last - first) * shape[1], sums.rows_a_part);
    }
  }
  if (!args.dweight.empty()) {
    const TensorView row = args.dweight.Reshape({1, kernel.elements()});
    LM_RETURN_IF_ERROR(SumRows(sums.weight, row, stream));
  }
  if (args.dbias.empty()) return absl::OkStatus();
  return SumRows(sums.bias, args.dbias.Reshape({1, channels}), stream);
}

}  // namespace localmamba
