// Launches the kernels of the scan's backward for one element type.
#ifndef LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_BACKWARD_LAUNCH_CUDA_CUH_
#define LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_BACKWARD_LAUNCH_CUDA_CUH_

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/launch.h"
#include "kernels/device/cuda/scratch.h"
#include "kernels/scan/selective_scan_backward.h"
#include "kernels/scan/selective_scan_backward_cuda.cuh"
#include "kernels/scan/selective_scan_backward_sums_cuda.cuh"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba::scan_cuda {

template <class T>
Tokens<const T> TokensOf(const ConstTensorView& view) {
  if (view.empty()) return {};
  return {cuda::Data<T>(view), view.stride(0),
          static_cast<int32_t>(view.stride(1) * int64_t{sizeof(T)})};
}
template <class T>
Tokens<T> TokensOf(const TensorView& view) {
  if (view.empty()) return {};
  return {cuda::Data<T>(view), view.stride(0),
          static_cast<int32_t>(view.stride(1) * int64_t{sizeof(T)})};
}

template <class T>
BackwardDirection<T> MakeBackwardDirection(const SelectiveScanBackwardDirection& s) {
  return {
      .u = TokensOf<T>(s.u),
      .delta = TokensOf<T>(s.delta),
      .B = TokensOf<T>(s.B),
      .C = TokensOf<T>(s.C),
      .dy = TokensOf<T>(s.dy),
      .z = TokensOf<T>(s.z),
      .read = cuda::Data<int32_t>(s.read),
      .z_read = cuda::Data<int32_t>(s.z_read),
      .write = cuda::Data<int32_t>(s.write),
      .delta_weight = cuda::Data<T>(s.delta_weight),
      .delta_bias = cuda::Data<float>(s.delta_bias),
      .A = cuda::Data<float>(s.A),
      .D = cuda::Data<float>(s.D),
      .du = TokensOf<T>(s.du),
      .dstep = TokensOf<T>(s.dstep),
      .dB = TokensOf<T>(s.dB),
      .dC = TokensOf<T>(s.dC),
      .dz = TokensOf<T>(s.dz),
      .dA = cuda::Data<float>(s.dA),
      .dD = cuda::Data<float>(s.dD),
      .ddelta_bias = cuda::Data<float>(s.ddelta_bias),
      .weight_row = s.delta_weight.empty() ? 0 : s.delta_weight.stride(0),
      .a_row = s.A.stride(0),
      .da_row = s.dA.empty() ? 0 : s.dA.stride(0),
      .length = static_cast<int32_t>(s.read.empty() ? s.u.dim(1) : s.read.dim(0)),
      .rows = static_cast<int32_t>(s.u.dim(1)),
  };
}

template <class T>
BackwardParams<T> MakeBackwardParams(absl::Span<const SelectiveScanBackwardDirection> directions,
                                     const SelectiveScanOptions& options) {
  const SelectiveScanBackwardDirection& first = directions.front();
  BackwardParams<T> params = {};
  params.direction_count = static_cast<int32_t>(directions.size());
  params.batch = static_cast<int32_t>(first.u.dim(0));
  params.dim = static_cast<int32_t>(first.u.dim(2));
  params.dstate = static_cast<int32_t>(first.A.dim(1));
  params.rank = first.delta_weight.empty() ? 0 : static_cast<int32_t>(first.delta_weight.dim(1));
  params.softplus = options.delta_softplus;
  int32_t length = 0;
  for (size_t k = 0; k < directions.size(); ++k) {
    params.directions[k] = MakeBackwardDirection<T>(directions[k]);
    params.rows = std::max(params.rows, params.directions[k].rows);
    length = std::max(length, params.directions[k].length);
  }
  params.chunks = (length + kBackwardChunk - 1) / kBackwardChunk;
  return params;
}

struct ScanBackwardScratch {};

// Large blocks share more of B and C, and leave fewer partial sums; small ones fill the device
// where there are few sequences.
template <int kStates>
int BackwardWarps(int64_t sequences, int dim, int multiprocessors) {
  const int64_t dim_warps = cuda::DivideUp(dim, kQuadsChannels<kStates>);
  int warps = kMaxBackwardWarps;
  while (warps > 1 && sequences * cuda::DivideUp(dim_warps, warps) < 2 * multiprocessors) --warps;
  // As many a block, spread evenly.
  return static_cast<int>(cuda::DivideUp(dim_warps, cuda::DivideUp(dim_warps, warps)));
}

template <class T, int kStates, bool kHasZ>
absl::Status LaunchBackward(BackwardParams<T> params, Stream& stream) {
  const cudaStream_t handle = cuda::Activate(stream);
  const int64_t sequences = int64_t{params.direction_count} * params.batch;
  int warps = BackwardWarps<kStates>(sequences, params.dim, cuda::MultiprocessorCount(stream));
  int most = 0;  // bytes of shared memory a block may have
  LM_CUDA_RETURN_IF_ERROR(cudaDeviceGetAttribute(&most, cudaDevAttrMaxSharedMemoryPerBlockOptin,
                                                 stream.device().index));
  const auto shared_bytes = [&] {
    return BackwardLayout<T, kStates>::End(warps, params.rank) * static_cast<int>(sizeof(float));
  };
  while (warps > 1 && shared_bytes() > most) --warps;
  if (shared_bytes() > most) {
    return absl::UnimplementedError(absl::StrCat("selective_scan_backward: R = ", params.rank,
                                                 " takes more shared memory than the device has"));
  }
  params.tiles = static_cast<int32_t>(cuda::DivideUp(params.dim, warps * kQuadsChannels<kStates>));

  const int64_t starts = sequences * params.chunks * params.dim * 4 * kStates;
  const int64_t steps = sequences * params.chunks * kBackwardChunk * params.dim;
  const int64_t token_sums =
      params.tiles > 1 ? sequences * params.tiles * params.rows * 2 * params.dstate : 0;
  const int64_t channel_sums = sequences * params.dim * (params.dstate + 2);
  LM_ASSIGN_OR_RETURN(
      void* scratch,
      cuda::GetScratch<ScanBackwardScratch>(
          static_cast<size_t>(starts + steps + token_sums + channel_sums) * sizeof(float), stream));
  params.starts = static_cast<float*>(scratch);
  params.steps = params.starts + starts;
  params.token_sums = params.steps + steps;
  params.channel_sums = params.token_sums + token_sums;

  const auto kernel = ScanBackwardKernel<T, kStates, kHasZ>;
  LM_CUDA_RETURN_IF_ERROR(
      cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, shared_bytes()));
  const auto blocks = static_cast<unsigned>(sequences * params.tiles);
  kernel<<<blocks, warps * 32, static_cast<size_t>(shared_bytes()), handle>>>(params);
  constexpr int kThreads = 256;
  if (params.tiles > 1 && params.rows * params.dstate > 0) {
    const dim3 grid(cuda::BlockCount(int64_t{params.rows} * 2 * params.dstate, kThreads),
                    static_cast<unsigned>(sequences));
    SumTilesKernel<T><<<grid, kThreads, 0, handle>>>(params);
  }
  const dim3 grid(cuda::BlockCount(int64_t{params.dim} * (params.dstate + 2), kThreads),
                  static_cast<unsigned>(params.direction_count));
  SumBatchKernel<T><<<grid, kThreads, 0, handle>>>(params);
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

template <class T>
absl::Status SelectiveScanBackwardOf(absl::Span<const SelectiveScanBackwardDirection> directions,
                                     const SelectiveScanOptions& options, Stream& stream) {
  const BackwardParams<T> params = MakeBackwardParams<T>(directions, options);
  if (params.dim == 0) return absl::OkStatus();
  if (params.dstate > 32) return LaunchBackward<T, 16, true>(params, stream);
  if (params.dstate > 16) return LaunchBackward<T, 8, true>(params, stream);
  for (const SelectiveScanBackwardDirection& s : directions) {
    if (!s.z.empty()) return LaunchBackward<T, 4, true>(params, stream);
  }
  return LaunchBackward<T, 4, false>(params, stream);
}

}  // namespace localmamba::scan_cuda

#endif  // LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_BACKWARD_LAUNCH_CUDA_CUH_
