// Patches are gathered into a matrix, which then is multiplied as a linear layer. The matrix costs
// one more pass over an input that, for the patch embeddings this is for, is smaller than the
// output.
#include "kernels/base/status_macros.h"
#include "kernels/conv/backends.h"
#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/launch.h"
#include "kernels/device/cuda/scratch.h"
#include "kernels/device/cuda/vector.cuh"
#include "kernels/gemm/linear.h"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba {
namespace cuda {
namespace {

constexpr int kThreads = 256;

struct PatchShape {
  int channels, height, width;
  int kernel_height, kernel_width;
  int out_height, out_width;
  int stride, pad_top, pad_left;
  unsigned elements;  // of one patch
};

// patches: (images * out_height * out_width, elements), columns in the order of the weights'
// (channel, row, column). A thread gathers up to 8 neighbouring elements of a patch, kRun at a
// time: with kRun > 1 runs lie within a row of the kernel and inside the image or outside, at
// aligned addresses.
template <class T, int kRun, bool kAligned>
__global__ void GatherPatchesKernel(const T* x, PatchShape shape, T* patches, unsigned count) {
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

// True if runs of `run` elements of a patch are whole vectors of x, as they are in the patches of
// the networks.
bool HasRuns(const Conv2dArgs& args, int64_t run) {
  const auto divides = [run](int64_t value) { return value % run == 0; };
  return divides(args.weight.dim(3)) && divides(args.stride) && divides(args.x.dim(3)) &&
         divides(args.pad_left) && IsVectorizable(args.x, run);
}

template <class T, int kRun>
void Gather(const Conv2dArgs& args, const PatchShape& shape, const TensorView& patches,
            cudaStream_t stream) {
  const int64_t count = patches.dim(0);
  const unsigned blocks = BlockCount(count * DivideUp(shape.elements, kVectorWidth), kThreads);
  DispatchBool(IsVectorizable(patches, kVectorWidth), [&](auto is_aligned) {
    GatherPatchesKernel<T, kRun, is_aligned.value><<<blocks, kThreads, 0, stream>>>(
        Data<T>(args.x), shape, Data<T>(patches), static_cast<unsigned>(count));
  });
}

}  // namespace
}  // namespace cuda

absl::Status Conv2dCuda(const Conv2dArgs& args, Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  const int64_t count = args.y.dim(0) * args.y.dim(1) * args.y.dim(2);
  const int64_t elements = args.weight.dim(1) * args.weight.dim(2) * args.weight.dim(3);
  const PatchShape shape = {
      .channels = static_cast<int>(args.x.dim(1)),
      .height = static_cast<int>(args.x.dim(2)),
      .width = static_cast<int>(args.x.dim(3)),
      .kernel_height = static_cast<int>(args.weight.dim(2)),
      .kernel_width = static_cast<int>(args.weight.dim(3)),
      .out_height = static_cast<int>(args.y.dim(1)),
      .out_width = static_cast<int>(args.y.dim(2)),
      .stride = static_cast<int>(args.stride),
      .pad_top = static_cast<int>(args.pad_top),
      .pad_left = static_cast<int>(args.pad_left),
      .elements = static_cast<unsigned>(elements),
  };
  const DType dtype = args.x.dtype();
  struct Conv2dPatches;
  LM_ASSIGN_OR_RETURN(
      void* scratch,
      GetScratch<Conv2dPatches>(static_cast<size_t>(count * elements) * SizeOf(dtype), stream));
  const TensorView patches(scratch, dtype, {count, elements}, stream.device());
  cudaStream_t handle = Activate(stream);
  DispatchFloat(dtype, [&]<class T>(T) {
    if (HasRuns(args, 8))
      Gather<T, 8>(args, shape, patches, handle);
    else if (HasRuns(args, 4))
      Gather<T, 4>(args, shape, patches, handle);
    else
      Gather<T, 1>(args, shape, patches, handle);
  });
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  const int64_t outputs = args.weight.dim(0);
  return Linear({.x = patches,
                 .weight = args.weight.Reshape({outputs, elements}),
                 .bias = args.bias,
                 .y = args.y.Reshape({count, outputs})},
                stream);
}

}  // namespace localmamba
