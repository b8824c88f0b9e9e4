#include "kernels/conv/cuda/patches.h"
#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/launch.h"
#include "kernels/device/cuda/vector.cuh"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba::cuda {
namespace {

constexpr int kThreads = 256;

// PatchShape in 32 bits, which divide faster.
struct DevicePatchShape {
  explicit DevicePatchShape(const PatchShape& shape)
      : channels(static_cast<int>(shape.channels)),
        height(static_cast<int>(shape.height)),
        width(static_cast<int>(shape.width)),
        kernel_height(static_cast<int>(shape.kernel_height)),
        kernel_width(static_cast<int>(shape.kernel_width)),
        out_height(static_cast<int>(shape.out_height)),
        out_width(static_cast<int>(shape.out_width)),
        stride(static_cast<int>(shape.stride)),
        pad_top(static_cast<int>(shape.pad_top)),
        pad_left(static_cast<int>(shape.pad_left)),
        elements(static_cast<unsigned>(shape.elements())) {}

  int channels, height, width;
  int kernel_height, kernel_width;
  int out_height, out_width;
  int stride, pad_top, pad_left;
  unsigned elements;  // of one patch
};

// A thread gathers up to 8 neighbouring elements of a patch, kRun at a
// time: with kRun > 1 runs lie within a row of the kernel and inside the image or outside, at
// aligned addresses.
template <class T, int kRun, bool kAligned>
__global__ void GatherPatchesKernel(const T* x, DevicePatchShape shape, T* patches,
                                    unsigned count) {
  const unsigned vectors = (shape.elements + kVectorWidth - 1) / kVectorWidth;
  const unsigned index = blockIdx.x * kThreads + threadIdx.x;
  const unsigned patch = index / vectors;
  if (patch >= count) return;
  const unsigned first = index % vectors * kVectorWidth;
  const int left = static_cast<int>(patch % shape.out_width) * shape.stride - shape.pad_left;
  const int top =
      static_cast<int>(patch / shape.out_width % shape.out_height) * shape.stride - shape.pad_top;
  const unsigned image = patch / shape.out_width / shape.out_height;
  int q = static_cast<int>(first % shape.kernel_width);
  int p = static_cast<int>(first / shape.kernel_width % shape.kernel_height);
  int64_t plane =
      int64_t{image} * shape.channels + first / shape.kernel_width / shape.kernel_height;
  float values[kVectorWidth];
#pragma unroll
  for (int i = 0; i < kVectorWidth; i += kRun) {
    const int row = top + p;
    const int column = left + q;
    const bool inside = first + i < shape.elements && row >= 0 && row < shape.height &&
                        column >= 0 && column < shape.width;
    const T* source = x + (plane * shape.height + row) * shape.width + column;
    if constexpr (kRun == 1) {
      values[i] = inside ? ToFloat(*source) : 0.0F;
    } else {
      float run[kRun];
      LoadUpTo<true>(source, inside ? kRun : 0, run);
#pragma unroll
      for (int r = 0; r < kRun; ++r) values[i + r] = run[r];
    }
    q += kRun;
    if (q == shape.kernel_width) {
      q = 0;
      if (++p == shape.kernel_height) {
        p = 0;
        ++plane;
      }
    }
  }
  StoreUpTo<kAligned>(values, int64_t{shape.elements} - first,
                      patches + int64_t{patch} * shape.elements + first);
}

// One pixel a thread.
template <class T>
__global__ void FoldPatchesKernel(const T* patches, DevicePatchShape shape, T* images,
                                  unsigned count) {
  const unsigned index = blockIdx.x * kThreads + threadIdx.x;
  if (index >= count) return;
  const int column = static_cast<int>(index % shape.width) + shape.pad_left;
  const int row = static_cast<int>(index / shape.width % shape.height) + shape.pad_top;
  const unsigned plane = index / shape.width / shape.height;
  const int channel = static_cast<int>(plane % shape.channels);
  const int64_t image = plane / shape.channels;
  float sum = 0.0F;
  // Row p of the kernel of output row i = (row - p) / stride; columns alike.
  for (int p = row % shape.stride; p < shape.kernel_height && p <= row; p += shape.stride) {
    const int i = (row - p) / shape.stride;
    if (i >= shape.out_height) continue;
    for (int q = column % shape.stride; q < shape.kernel_width && q <= column; q += shape.stride) {
      const int j = (column - q) / shape.stride;
      if (j >= shape.out_width) continue;
      const int64_t patch = (image * shape.out_height + i) * shape.out_width + j;
      const int element = (channel * shape.kernel_height + p) * shape.kernel_width + q;
      sum += ToFloat(patches[patch * shape.elements + element]);
    }
  }
  images[index] = FromFloat<T>(sum);
}

// True if runs of `run` elements of a patch are whole vectors of the images, as they are in the
// patches of the networks.
bool HasRuns(const PatchShape& shape, const ConstTensorView& images, int64_t run) {
  const auto divides = [run](int64_t value) { return value % run == 0; };
  return divides(shape.kernel_width) && divides(shape.stride) && divides(shape.width) &&
         divides(shape.pad_left) && IsVectorizable(images, run);
}

template <class T, int kRun>
void Gather(const PatchShape& shape, const ConstTensorView& images, const TensorView& rows,
            cudaStream_t stream) {
  const int64_t count = rows.dim(0);
  const unsigned blocks = BlockCount(count * DivideUp(shape.elements(), kVectorWidth), kThreads);
  DispatchBool(IsVectorizable(rows, kVectorWidth), [&](auto is_aligned) {
    GatherPatchesKernel<T, kRun, is_aligned.value><<<blocks, kThreads, 0, stream>>>(
        Data<T>(images), DevicePatchShape(shape), Data<T>(rows), static_cast<unsigned>(count));
  });
}

}  // namespace

absl::Status GatherPatches(const PatchShape& shape, const ConstTensorView& images,
                           const TensorView& rows, Stream& stream) {
  cudaStream_t handle = Activate(stream);
  DispatchFloat(images.dtype(), [&]<class T>(T) {
    if (HasRuns(shape, images, 8))
      Gather<T, 8>(shape, images, rows, handle);
    else if (HasRuns(shape, images, 4))
      Gather<T, 4>(shape, images, rows, handle);
    else
      Gather<T, 1>(shape, images, rows, handle);
  });
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

absl::Status FoldPatches(const PatchShape& shape, const ConstTensorView& rows,
                         const TensorView& images, Stream& stream) {
  const int64_t count = images.elements();
  DispatchFloat(images.dtype(), [&]<class T>(T) {
    FoldPatchesKernel<<<BlockCount(count, kThreads), kThreads, 0, Activate(stream)>>>(
        Data<T>(rows), DevicePatchShape(shape), Data<T>(images), static_cast<unsigned>(count));
  });
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba::cuda
