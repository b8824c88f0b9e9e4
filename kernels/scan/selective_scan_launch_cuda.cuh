// Chooses and launches a kernel of the selective scan for one element type.
#ifndef LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_LAUNCH_CUDA_CUH_
#define LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_LAUNCH_CUDA_CUH_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "kernels/base/status_macros.h"
#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/launch.h"
#include "kernels/device/cuda/scratch.h"
#include "kernels/scan/selective_scan.h"
#include "kernels/scan/selective_scan_cuda.cuh"
#include "kernels/scan/selective_scan_split_cuda.cuh"
#include "kernels/scan/selective_scan_tile_cuda.cuh"

namespace localmamba::scan_cuda {

// How a scan of operands that suit the tiled kernels is run. Fitted to an H100.
struct TilePlan {
  int lanes;   // threads a channel; 0: the kernel with two channels a thread
  int pieces;  // each sequence is cut into
};

inline TilePlan ChooseTilePlan(int64_t sequences, int channels, int64_t length,
                               int multiprocessors) {
  // From about this many warps a multiprocessor on, nothing beats two channels a thread.
  constexpr int64_t kManyWarps = 8;
  if (sequences * cuda::DivideUp(channels, kWarpChannels) >= kManyWarps * multiprocessors) {
    return {.lanes = 0, .pieces = 1};
  }
  struct Option {
    int lanes, channels, rows;  // channels of a block, positions of a tile
    double tile[kSplitBlocks];  // microseconds with 1 to 4 blocks on a multiprocessor
  };
  constexpr Option kOptions[] = {
      {4, Split<4>::kChannels, Split<4>::kRows, {2.1, 2.6, 3.4, 4.1}},
      {8, Split<8>::kChannels, Split<8>::kRows, {1.35, 1.55, 2.0, 2.45}},
      {16, Split<16>::kChannels, Split<16>::kRows, {1.75, 2.2, 2.65, 3.2}},
  };
  constexpr double kStart = 3.5;  // microseconds of a launch
  constexpr double kLook = 0.05;  // of adding up the states of one piece
  TilePlan best = {};
  double best_time = std::numeric_limits<double>::infinity();
  for (const Option& option : kOptions) {
    const int64_t most = std::max<int64_t>(1, std::min<int64_t>(128, length / (2 * option.rows)));
    for (int pieces = 1; pieces <= most; ++pieces) {
      if (pieces == 2) continue;  // one after the other
      const int64_t blocks =
          sequences * cuda::DivideUp(channels, option.channels) * std::max(1, pieces - 1);
      const int64_t each = cuda::DivideUp(blocks, multiprocessors);
      double tile = static_cast<double>(each / kSplitBlocks) * option.tile[kSplitBlocks - 1];
      if (each % kSplitBlocks > 0) tile += option.tile[each % kSplitBlocks - 1];
      const double tiles = static_cast<double>(cuda::DivideUp(length, pieces)) / option.rows;
      // Without outputs, the pass for the states is a little faster.
      const double passes = pieces == 1 ? 1.0 : 1.85;
      const double time = passes * (tiles * tile + kStart) + pieces * kLook;
      if (time < best_time) {
        best_time = time;
        best = {.lanes = option.lanes, .pieces = pieces};
      }
    }
  }
  return best;
}

// How many pieces the plain kernel cuts each sequence into. Cutting repeats the walk (once for the
// states, once for the outputs) and lets every piece look at the states of those before it, but
// fills the device where `warps` do not. The time of a position was fitted to an H100: a third of a
// microsecond alone for two channels a thread, and 700 warps on 132 multiprocessors take 1.4 times
// as long.
inline int ChoosePlainPieces(int64_t warps, int channels, int64_t length, int multiprocessors) {
  const double position = channels == 2 ? 0.33 : 0.2;  // microseconds
  const double many = (channels == 2 ? 5.3 : 10.6) * multiprocessors;
  constexpr double kLook = 0.1;
  constexpr double kLaunch = 3.0;
  constexpr int64_t kShortest = 32;  // positions
  const auto walk = [&](int pieces) {
    const double load = static_cast<double>(warps * pieces) / many;
    return static_cast<double>(length) / pieces * position * std::sqrt(1.0 + load * load);
  };
  double best = walk(1);
  int chosen = 1;
  for (int c = 2; c <= 128 && length / c >= kShortest; c = c < 8 ? c + 1 : c + c / 4) {
    const double time = 2 * walk(c) + c * kLook + kLaunch;
    if (time < best) {
      best = time;
      chosen = c;
    }
  }
  return chosen;
}

template <class T>
const T* Pointer(const ConstTensorView& view) {
  return static_cast<const T*>(view.raw_data());
}

template <class T>
Params<T> MakeParams(absl::Span<const SelectiveScanDirection> directions,
                     const SelectiveScanOptions& options) {
  const SelectiveScanDirection& first = directions.front();
  Params<T> params = {};
  params.direction_count = static_cast<int32_t>(directions.size());
  params.batch = static_cast<int32_t>(first.u.dim(0));
  params.dim = static_cast<int32_t>(first.u.dim(2));
  params.dstate = static_cast<int32_t>(first.A.dim(1));
  params.rank = first.delta_weight.empty() ? 0 : static_cast<int32_t>(first.delta_weight.dim(1));
  params.softplus = options.delta_softplus;
  params.chunks = 1;
  for (size_t k = 0; k < directions.size(); ++k) {
    const SelectiveScanDirection& s = directions[k];
    Direction<T>& d = params.directions[k];
    d.u = Pointer<T>(s.u);
    d.delta = Pointer<T>(s.delta);
    d.B = Pointer<T>(s.B);
    d.C = Pointer<T>(s.C);
    d.z = Pointer<T>(s.z);
    d.read = Pointer<int32_t>(s.read);
    d.z_read = Pointer<int32_t>(s.z_read);
    d.write = Pointer<int32_t>(s.write);
    d.delta_weight = Pointer<T>(s.delta_weight);
    d.delta_bias = Pointer<float>(s.delta_bias);
    d.A = Pointer<float>(s.A);
    d.D = Pointer<float>(s.D);
    d.y = static_cast<T*>(s.y.raw_data());
    d.last_state = static_cast<float*>(s.last_state.raw_data());
    d.u_batch = s.u.stride(0);
    d.delta_batch = s.delta.stride(0);
    d.b_batch = s.B.stride(0);
    d.c_batch = s.C.stride(0);
    d.y_batch = s.y.stride(0);
    d.u_row = static_cast<int32_t>(s.u.stride(1));
    d.delta_row = static_cast<int32_t>(s.delta.stride(1));
    d.b_row = static_cast<int32_t>(s.B.stride(1));
    d.c_row = static_cast<int32_t>(s.C.stride(1));
    d.y_row = static_cast<int32_t>(s.y.stride(1));
    if (!s.z.empty()) {
      d.z_batch = s.z.stride(0);
      d.z_row = static_cast<int32_t>(s.z.stride(1));
    }
    d.weight_row = s.delta_weight.empty() ? 0 : static_cast<int32_t>(s.delta_weight.stride(0));
    d.a_row = static_cast<int32_t>(s.A.stride(0));
    if (!s.last_state.empty()) {
      d.state_batch = s.last_state.stride(0);
      d.state_row = static_cast<int32_t>(s.last_state.stride(1));
    }
    d.length = static_cast<int32_t>(s.read.empty() ? s.u.dim(1) : s.read.dim(0));
  }
  // Blocks start in this order, and those that take longest should not start last.
  std::stable_sort(params.directions, params.directions + params.direction_count,
                   [](const auto& a, const auto& b) { return a.length > b.length; });
  return params;
}

template <class T>
bool IsAligned(const T* p, int64_t batch_stride, int64_t row_stride, size_t bytes) {
  const int64_t elements = static_cast<int64_t>(bytes / sizeof(T));
  return reinterpret_cast<uintptr_t>(p) % bytes == 0 && batch_stride % elements == 0 &&
         row_stride % elements == 0;
}

// Whether every direction lets two neighbouring channels be moved as one word.
template <class T>
bool IsPairAligned(const Params<T>& params) {
  if (params.dim % 2 != 0) return false;
  for (int k = 0; k < params.direction_count; ++k) {
    const Direction<T>& d = params.directions[k];
    if (!IsAligned(d.u, d.u_batch, d.u_row, 2 * sizeof(T)) ||
        !IsAligned(d.y, d.y_batch, d.y_row, 2 * sizeof(T)) ||
        (d.z != nullptr && !IsAligned(d.z, d.z_batch, d.z_row, 2 * sizeof(T))) ||
        (params.rank == 0 && !IsAligned(d.delta, d.delta_batch, d.delta_row, 2 * sizeof(T)))) {
      return false;
    }
  }
  return true;
}

// Whether the kernels for 16-bit operands side by side apply.
template <class T>
bool IsTileable(const Params<T>& params) {
  if (sizeof(T) != 2 || params.dstate != kTileStates || params.rank == 0 || params.rank % 8 != 0 ||
      params.rank > kMaxTileRank || !IsPairAligned(params)) {
    return false;
  }
  for (int k = 0; k < params.direction_count; ++k) {
    const Direction<T>& d = params.directions[k];
    if (!IsAligned(d.delta, d.delta_batch, d.delta_row, 16) || d.B != d.delta + params.rank ||
        d.C != d.B + kTileStates || d.b_row != d.delta_row || d.c_row != d.delta_row ||
        d.b_batch != d.delta_batch || d.c_batch != d.delta_batch || d.last_state != nullptr ||
        (d.z == nullptr) != (params.directions[0].z == nullptr) ||
        !IsAligned(d.delta_weight, 0, d.weight_row, 4) || !IsAligned(d.A, 0, d.a_row, 16)) {
      return false;
    }
  }
  return true;
}

// `pieces`: of each sequence, that this launch has.
template <class T, class Kernel>
absl::Status Launch(Kernel kernel, const Params<T>& params, int pieces, int threads,
                    int64_t shared_bytes, cudaStream_t stream) {
  if (shared_bytes > int64_t{48} << 10) {
    LM_CUDA_RETURN_IF_ERROR(cudaFuncSetAttribute(
        kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shared_bytes)));
  }
  const dim3 grid(
      static_cast<unsigned>(params.channel_blocks * params.batch * params.direction_count), 1,
      static_cast<unsigned>(pieces));
  kernel<<<grid, threads, static_cast<size_t>(shared_bytes), stream>>>(params);
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

struct ScanScratch {};

// Sets what the passes over pieces need. Pieces have a multiple of `rows` positions, so that there
// may be fewer than `wanted`.
template <class T>
absl::Status Cut(int wanted, int64_t rows, Stream& stream, Params<T>& params) {
  if (wanted == 1) return absl::OkStatus();
  const int64_t length = params.directions[0].length;
  const int64_t chunk_length = cuda::DivideUp(cuda::DivideUp(length, wanted), rows) * rows;
  params.chunk_length = static_cast<int32_t>(chunk_length);
  params.chunks = static_cast<int32_t>(cuda::DivideUp(length, chunk_length));
  const int64_t sums = int64_t{params.batch} * params.direction_count * params.chunks * params.dim;
  LM_ASSIGN_OR_RETURN(void* scratch,
                      cuda::GetScratch<ScanScratch>(
                          static_cast<size_t>(sums * (params.dstate + 1)) * sizeof(float), stream));
  params.chunk_state = static_cast<float*>(scratch);
  params.chunk_delta = params.chunk_state + sums * params.dstate;
  return absl::OkStatus();
}

template <class T, bool kHasZ>
absl::Status LaunchPairs(Params<T> params, cudaStream_t handle) {
  const int dim_warps = (params.dim + kWarpChannels - 1) / kWarpChannels;
  // Two warps a block run fastest unless the last block would be half empty.
  const int warps = dim_warps % 2 == 0 ? 2 : std::min(dim_warps, kMaxTileWarps);
  params.channel_blocks = (dim_warps + warps - 1) / warps;
  return Launch(SelectiveScanTileKernel<T, kHasZ>, params, 1, warps * 32,
                TileLayout(warps, params.rank).end, handle);
}

template <class T, bool kHasZ, int kLanes>
absl::Status LaunchSplit(Params<T> params, int pieces, Stream& stream, cudaStream_t handle) {
  using Shape = Split<kLanes>;
  constexpr int kThreads = kSplitWarps * 32;
  params.channel_blocks = (params.dim + Shape::kChannels - 1) / Shape::kChannels;
  LM_RETURN_IF_ERROR(Cut(pieces, Shape::kRows, stream, params));
  const int64_t shared_bytes = Shape(params.rank).end;
  if (params.chunks == 1) {
    return Launch(SelectiveScanSplitKernel<T, kLanes, kHasZ, Pass::kWhole>, params, 1, kThreads,
                  shared_bytes, handle);
  }
  LM_RETURN_IF_ERROR(Launch(SelectiveScanSplitKernel<T, kLanes, kHasZ, Pass::kChunkState>, params,
                            params.chunks - 1, kThreads, shared_bytes, handle));
  return Launch(SelectiveScanSplitKernel<T, kLanes, kHasZ, Pass::kChunkScan>, params,
                params.chunks - 1, kThreads, shared_bytes, handle);
}

template <class T, bool kHasZ>
absl::Status LaunchTiles(const Params<T>& params, Stream& stream, cudaStream_t handle) {
  const TilePlan plan =
      ChooseTilePlan(int64_t{params.batch} * params.direction_count, params.dim,
                     params.directions[0].length, cuda::MultiprocessorCount(stream));
  switch (plan.lanes) {
    case 4:
      return LaunchSplit<T, kHasZ, 4>(params, plan.pieces, stream, handle);
    case 8:
      return LaunchSplit<T, kHasZ, 8>(params, plan.pieces, stream, handle);
    case 16:
      return LaunchSplit<T, kHasZ, 16>(params, plan.pieces, stream, handle);
    default:
      return LaunchPairs<T, kHasZ>(params, handle);
  }
}

template <class T, int kStates, int kChannels, bool kAligned>
absl::Status LaunchPlain(Params<T> params, Stream& stream, cudaStream_t handle) {
  constexpr int kThreads = 64;
  params.channel_blocks = (params.dim + kThreads * kChannels - 1) / (kThreads * kChannels);
  const int64_t warps =
      int64_t{params.batch} * params.direction_count * params.channel_blocks * (kThreads / 32);
  const int pieces = ChoosePlainPieces(warps, kChannels, params.directions[0].length,
                                       cuda::MultiprocessorCount(stream));
  LM_RETURN_IF_ERROR(Cut(pieces, kTile, stream, params));
  const int64_t shared_bytes =
      static_cast<int64_t>(sizeof(float)) *
      (2 * kTile * kStates + kTile * params.rank + params.rank * kThreads * kChannels);
  if (params.chunks == 1) {
    return Launch(SelectiveScanKernel<T, kStates, kChannels, kAligned, Pass::kWhole>, params, 1,
                  kThreads, shared_bytes, handle);
  }
  LM_RETURN_IF_ERROR(Launch(SelectiveScanKernel<T, kStates, kChannels, kAligned, Pass::kChunkState>,
                            params, params.chunks, kThreads, shared_bytes, handle));
  return Launch(SelectiveScanKernel<T, kStates, kChannels, kAligned, Pass::kChunkScan>, params,
                params.chunks, kThreads, shared_bytes, handle);
}

template <class T>
absl::Status SelectiveScanOf(absl::Span<const SelectiveScanDirection> directions,
                             const SelectiveScanOptions& options, Stream& stream) {
  const Params<T> params = MakeParams<T>(directions, options);
  if (params.batch == 0 || params.dim == 0) return absl::OkStatus();
  const cudaStream_t handle = cuda::Activate(stream);
  if constexpr (sizeof(T) == 2) {
    if (IsTileable(params)) {
      return params.directions[0].z == nullptr ? LaunchTiles<T, false>(params, stream, handle)
                                               : LaunchTiles<T, true>(params, stream, handle);
    }
  }
  if (params.dstate > 32) return LaunchPlain<T, 64, 1, false>(params, stream, handle);
  if (params.dstate > 16) return LaunchPlain<T, 32, 1, false>(params, stream, handle);
  if (IsPairAligned(params)) return LaunchPlain<T, 16, 2, true>(params, stream, handle);
  return LaunchPlain<T, 16, 2, false>(params, stream, handle);
}

}  // namespace localmamba::scan_cuda

#endif  // LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_LAUNCH_CUDA_CUH_
