// The 3x3 kernel walks down a strip of rows. A thread makes 4 neighbouring outputs of 2 channels a
// row and keeps the sums of the three output rows an input row takes part in, so every input row is
// converted once a thread and comes from memory once: the columns that neighbouring threads share
// are in the first-level cache, the rows that neighbouring strips share in the second. Rows are
// loaded two ahead; few channels and many columns a thread leave registers for that, and make less
// of what is under way the same for two threads. Any other kernel size, and rows that are not whole
// vectors, take a plain kernel.
#include <algorithm>

#include "kernels/conv/cuda/depthwise.h"
#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/launch.h"
#include "kernels/device/cuda/vector.cuh"
#include "kernels/elementwise/activation.cuh"
#include "kernels/elementwise/activation_gradient.cuh"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba::cuda {
namespace {

constexpr int kThreads = 128;
constexpr int kWidth = 2;    // channels a thread
constexpr int kOutputs = 4;  // columns a thread
constexpr int kAhead = 2;    // rows under way
constexpr int kBlocksPerMultiprocessor = 5;
constexpr int kInputs = kOutputs + 2;

template <class T>
struct DepthwiseParams {
  const T* x;
  const float* weight;
  const float* bias;  // may be null
  const T* dy;        // of gradient passes, laid out as y
  T* y;
  int64_t x_image_stride, x_row_stride, x_cell_stride;
  int64_t y_image_stride, y_row_stride, y_cell_stride;
  int images, height, width, channels;
  int kernel_height, kernel_width;
  int strip;  // output rows a thread makes, one below the other
  Activation activation;
  bool mirrored;
};

// What becomes of the sums of one cell.
template <Activation kActivation, bool kGradient, class T>
__device__ __forceinline__ void Finish(const Vector<T, kWidth>& dy, float (&sums)[kWidth]) {
  if constexpr (kGradient) {
    float gradients[kWidth];
    ToFloats(dy, gradients);
#pragma unroll
    for (int c = 0; c < kWidth; ++c) {
      sums[c] = ActivationGradient<kActivation>(sums[c]) * gradients[c];
    }
  } else {
    Activate<kActivation>(sums);
  }
}

template <class T, Activation kActivation, bool kGradient>
__global__ void __launch_bounds__(kThreads, kBlocksPerMultiprocessor)
    DepthwiseConv3x3Kernel(DepthwiseParams<T> params) {
  using Cell = Vector<T, kWidth>;
  const unsigned vectors = params.channels / kWidth;
  const unsigned column_groups = (params.width + kOutputs - 1) / kOutputs;
  const unsigned strips = (params.height + params.strip - 1) / params.strip;
  unsigned index = blockIdx.x * kThreads + threadIdx.x;
  const int channel = static_cast<int>(index % vectors) * kWidth;
  index /= vectors;
  const int column = static_cast<int>(index % column_groups) * kOutputs;
  index /= column_groups;
  const int begin = static_cast<int>(index % strips) * params.strip;
  const int64_t image = index / strips;
  if (image >= params.images) return;
  const int end = min(begin + params.strip, params.height);

  float weight[kWidth * 9];
#pragma unroll
  for (int i = 0; i < kWidth * 9; ++i) {
    const int tap = params.mirrored ? 8 - i % 9 : i % 9;
    weight[i] = params.weight[(channel + i / 9) * 9 + tap];
  }
  float bias[kWidth] = {};
  if (params.bias != nullptr) LoadVector(params.bias + channel, bias);

  // sums[p]: the output row to which the current input row contributes through row p of the kernel.
  float sums[3][kOutputs][kWidth];
#pragma unroll
  for (int p = 0; p < 3; ++p) {
#pragma unroll
    for (int o = 0; o < kOutputs; ++o) {
#pragma unroll
      for (int c = 0; c < kWidth; ++c) sums[p][o][c] = bias[c];
    }
  }

  // The cell left of this thread's columns in the input row loaded next, and what is right of it.
  const auto cell_stride = static_cast<int>(params.x_cell_stride);
  const T* x = params.x + image * params.x_image_stride + (begin - 1) * params.x_row_stride +
               (column - 1) * params.x_cell_stride + channel;
  const int first = column == 0 ? 1 : 0;
  const int last = min(kInputs, params.width - column + 1);
  const bool is_inner = first == 0 && last == kInputs;
  const auto load = [&](int row, Cell(&cells)[kInputs]) {
    const bool inside = row >= 0 && row <= end && row < params.height;
    if (inside && is_inner) {  // as most threads: nothing to choose cell by cell
#pragma unroll
      for (int i = 0; i < kInputs; ++i) {
        cells[i] = *reinterpret_cast<const Cell*>(x + i * cell_stride);
      }
    } else {
#pragma unroll
      for (int i = 0; i < kInputs; ++i) {
        cells[i] = {};
        if (inside && i >= first && i < last) {
          cells[i] = *reinterpret_cast<const Cell*>(x + i * cell_stride);
        }
      }
    }
    x += params.x_row_stride;
  };
  const int64_t first_output = image * params.y_image_stride + begin * params.y_row_stride +
                               column * params.y_cell_stride + channel;
  const T* dy = params.dy + first_output;
  T* y = params.y + first_output;
  const auto y_cell_stride = static_cast<int>(params.y_cell_stride);

  // ahead[i]: the input row i after the current one.
  Cell ahead[kAhead][kInputs];
#pragma unroll
  for (int i = 0; i < kAhead; ++i) load(begin - 1 + i, ahead[i]);
#pragma unroll 3
  for (int row = begin - 1; row <= end; ++row) {
    float cells[kInputs][kWidth];
#pragma unroll
    for (int i = 0; i < kInputs; ++i) ToFloats(ahead[0][i], cells[i]);
#pragma unroll
    for (int r = 1; r < kAhead; ++r) {
#pragma unroll
      for (int i = 0; i < kInputs; ++i) ahead[r - 1][i] = ahead[r][i];
    }
    load(row + kAhead, ahead[kAhead - 1]);
    Cell gradients[kOutputs] = {};  // dy of output row - 1
    if constexpr (kGradient) {
#pragma unroll
      for (int o = 0; o < kOutputs; ++o) {
        if (row > begin && column + o < params.width) {
          gradients[o] = *reinterpret_cast<const Cell*>(dy + o * y_cell_stride);
        }
      }
    }
#pragma unroll
    for (int p = 0; p < 3; ++p) {
#pragma unroll
      for (int q = 0; q < 3; ++q) {
#pragma unroll
        for (int o = 0; o < kOutputs; ++o) {
#pragma unroll
          for (int c = 0; c < kWidth; ++c) {
            sums[p][o][c] = fmaf(weight[c * 9 + p * 3 + q], cells[o + q][c], sums[p][o][c]);
          }
        }
      }
    }
    // Output row - 1 has now seen its last input row.
    if (row > begin) {
#pragma unroll
      for (int o = 0; o < kOutputs; ++o) {
        // Outside the branch, so that neighbouring cells are computed side by side.
        Finish<kActivation, kGradient, T>(gradients[o], sums[2][o]);
        if (column + o < params.width) StoreVector(sums[2][o], y + o * y_cell_stride);
      }
      dy += params.y_row_stride;
      y += params.y_row_stride;
    }
#pragma unroll
    for (int o = 0; o < kOutputs; ++o) {
#pragma unroll
      for (int c = 0; c < kWidth; ++c) {
        sums[2][o][c] = sums[1][o][c];
        sums[1][o][c] = sums[0][o][c];
        sums[0][o][c] = bias[c];
      }
    }
  }
}

// One output element a thread.
template <class T, bool kGradient>
__global__ void DepthwiseConvKernel(DepthwiseParams<T> params) {
  unsigned index = blockIdx.x * kThreads + threadIdx.x;
  const int channel = static_cast<int>(index % params.channels);
  index /= params.channels;
  const int column = static_cast<int>(index % params.width);
  index /= params.width;
  const int row = static_cast<int>(index % params.height);
  const int64_t image = index / params.height;
  if (image >= params.images) return;
  const T* x = params.x + image * params.x_image_stride + channel;
  const int taps = params.kernel_height * params.kernel_width;
  const float* weight = params.weight + channel * taps;
  float sum[1] = {params.bias == nullptr ? 0.0F : params.bias[channel]};
  for (int p = 0; p < params.kernel_height; ++p) {
    const int i = row + p - params.kernel_height / 2;
    if (i < 0 || i >= params.height) continue;
    for (int q = 0; q < params.kernel_width; ++q) {
      const int j = column + q - params.kernel_width / 2;
      if (j < 0 || j >= params.width) continue;
      const int tap = p * params.kernel_width + q;
      sum[0] = fmaf(weight[params.mirrored ? taps - 1 - tap : tap],
                    ToFloat(x[i * params.x_row_stride + j * params.x_cell_stride]), sum[0]);
    }
  }
  const int64_t out = image * params.y_image_stride + row * params.y_row_stride +
                      column * params.y_cell_stride + channel;
  if constexpr (kGradient) {
    sum[0] = ActivationGradient(params.activation, sum[0]) * ToFloat(params.dy[out]);
  } else {
    Activate(params.activation, sum);
  }
  params.y[out] = FromFloat<T>(sum[0]);
}

// Rows a strip: as many as still give every multiprocessor about 1024 threads, since each strip
// reads two rows more than it makes.
int StripRows(int64_t threads_a_strip, int height, int multiprocessors) {
  const int64_t strips = DivideUp(int64_t{1024} * multiprocessors, threads_a_strip);
  return static_cast<int>(std::clamp<int64_t>(height / strips, std::min(height, 4), height));
}

template <bool kGradient, class T>
void Launch3x3(DepthwiseParams<T> params, Stream& stream) {
  const int64_t threads_a_strip =
      int64_t{params.images} * DivideUp(params.width, kOutputs) * (params.channels / kWidth);
  params.strip = StripRows(threads_a_strip, params.height, MultiprocessorCount(stream));
  const unsigned blocks =
      BlockCount(threads_a_strip * DivideUp(params.height, params.strip), kThreads);
  cudaStream_t handle = Activate(stream);
  switch (params.activation) {
    case Activation::kIdentity:
      DepthwiseConv3x3Kernel<T, Activation::kIdentity, kGradient>
          <<<blocks, kThreads, 0, handle>>>(params);
      break;
    case Activation::kSilu:
      DepthwiseConv3x3Kernel<T, Activation::kSilu, kGradient>
          <<<blocks, kThreads, 0, handle>>>(params);
      break;
    case Activation::kGelu:
      DepthwiseConv3x3Kernel<T, Activation::kGelu, kGradient>
          <<<blocks, kThreads, 0, handle>>>(params);
      break;
    case Activation::kSigmoid:
      DepthwiseConv3x3Kernel<T, Activation::kSigmoid, kGradient>
          <<<blocks, kThreads, 0, handle>>>(params);
      break;
    case Activation::kRelu:
      DepthwiseConv3x3Kernel<T, Activation::kRelu, kGradient>
          <<<blocks, kThreads, 0, handle>>>(params);
      break;
  }
}

}  // namespace

absl::Status RunDepthwise(const DepthwisePass& pass, Stream& stream) {
  const int64_t outputs = pass.x.elements();
  if (outputs == 0) return absl::OkStatus();
  const bool is_3x3 = pass.weight.dim(1) == 3 && pass.weight.dim(2) == 3 &&
                      IsVectorizable(pass.x, kWidth) && IsVectorizable(pass.y, kWidth) &&
                      IsVectorizable(pass.dy, kWidth) && IsVectorizable(pass.bias, kWidth);
  DispatchFloat(pass.x.dtype(), [&]<class T>(T) {
    const DepthwiseParams<T> params = {
        .x = Data<T>(pass.x),
        .weight = Data<float>(pass.weight),
        .bias = Data<float>(pass.bias),
        .dy = Data<T>(pass.dy),
        .y = Data<T>(pass.y),
        .x_image_stride = pass.x.stride(0),
        .x_row_stride = pass.x.stride(1),
        .x_cell_stride = pass.x.stride(2),
        .y_image_stride = pass.y.stride(0),
        .y_row_stride = pass.y.stride(1),
        .y_cell_stride = pass.y.stride(2),
        .images = static_cast<int>(pass.x.dim(0)),
        .height = static_cast<int>(pass.x.dim(1)),
        .width = static_cast<int>(pass.x.dim(2)),
        .channels = static_cast<int>(pass.x.dim(3)),
        .kernel_height = static_cast<int>(pass.weight.dim(1)),
        .kernel_width = static_cast<int>(pass.weight.dim(2)),
        .strip = 1,
        .activation = pass.activation,
        .mirrored = pass.mirrored,
    };
    DispatchBool(!pass.dy.empty(), [&](auto is_gradient) {
      if (is_3x3) {
        Launch3x3<is_gradient.value>(params, stream);
      } else {
        DepthwiseConvKernel<T, is_gradient.value>
            <<<BlockCount(outputs, kThreads), kThreads, 0, Activate(stream)>>>(params);
      }
    });
  });
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba::cuda
