// A thread turns 8 pixels (24 bytes in) into 8 elements of each of the 3 planes.
#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/launch.h"
#include "kernels/device/cuda/vector.cuh"
#include "kernels/image/backends.h"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba {
namespace cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kPixels = kVectorWidth;

// y = x * scale + offset
struct Affine {
  float scale[3];
  float offset[3];
};

template <class T, bool kAligned>
__global__ void NormalizePixelsKernel(const uint8_t* x, Affine affine, T* y, unsigned images,
                                      unsigned pixels) {
  const unsigned vectors = (pixels + kPixels - 1) / kPixels;
  const unsigned index = blockIdx.x * kThreads + threadIdx.x;
  const unsigned image = index / vectors;
  if (image >= images) return;
  const int64_t first = int64_t{index % vectors} * kPixels;
  const int64_t count = pixels - first;
  const uint8_t* source = x + (int64_t{image} * pixels + first) * 3;
  uint8_t bytes[kPixels * 3];
  if constexpr (kAligned) {
#pragma unroll
    for (int i = 0; i < 3; ++i) {
      *reinterpret_cast<uint2*>(bytes + 8 * i) = reinterpret_cast<const uint2*>(source)[i];
    }
  } else {
#pragma unroll
    for (int i = 0; i < kPixels * 3; ++i) bytes[i] = i < count * 3 ? source[i] : 0;
  }
#pragma unroll
  for (int c = 0; c < 3; ++c) {
    float values[kPixels];
#pragma unroll
    for (int i = 0; i < kPixels; ++i) {
      values[i] = fmaf(bytes[i * 3 + c], affine.scale[c], affine.offset[c]);
    }
    StoreUpTo<kAligned>(values, count, y + (int64_t{image} * 3 + c) * pixels + first);
  }
}

}  // namespace
}  // namespace cuda

absl::Status NormalizePixelsCuda(const ConstTensorView& x, const PixelNormalization& normalization,
                                 const TensorView& y, Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  if (x.elements() == 0) return absl::OkStatus();
  Affine affine;
  for (size_t c = 0; c < 3; ++c) {
    affine.scale[c] = 1.0F / (255.0F * normalization.std[c]);
    affine.offset[c] = -normalization.mean[c] / normalization.std[c];
  }
  const int64_t images = x.dim(0);
  const int64_t pixels = x.dim(1) * x.dim(2);
  const bool aligned = IsVectorizable(y.Reshape({images * 3, pixels}), kPixels) &&
                       reinterpret_cast<uintptr_t>(x.raw_data()) % 8 == 0;
  const unsigned blocks = BlockCount(images * DivideUp(pixels, kPixels), kThreads);
  cudaStream_t handle = Activate(stream);
  DispatchFloat(y.dtype(), [&]<class T>(T) {
    DispatchBool(aligned, [&](auto is_aligned) {
      NormalizePixelsKernel<T, is_aligned.value><<<blocks, kThreads, 0, handle>>>(
          Data<uint8_t>(x), affine, Data<T>(y), static_cast<unsigned>(images),
          static_cast<unsigned>(pixels));
    });
  });
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba
