// Two kernels. The first lists the candidates that take part, as keys that order them, with all
// multiprocessors. The second has one block an image, which takes the list's best kChunk at a time
// (selected and sorted in shared memory, so nothing beyond what is kept is ever put in order) and
// goes through them 32 at a time: each of 32 warps compares one candidate with the boxes kept
// before, its lanes side by side, and with the better ones of the 32; which of the 32 are kept then
// follows from 32 words of bits. It stops when enough are kept.
#include <cstddef>

#include "kernels/base/status_macros.h"
#include "kernels/detection/backends.h"
#include "kernels/detection/cuda/box_memory.cuh"
#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/launch.h"
#include "kernels/device/cuda/reduce.cuh"
#include "kernels/device/cuda/scratch.h"
#include "kernels/device/cuda/select.cuh"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba {
namespace cuda {
namespace {

constexpr int kListThreads = 256;
constexpr int kThreads = 1024;
constexpr int kChunk = 1024;
constexpr int kCopies = 2;
constexpr unsigned kAll = 0xffffffffU;

// What the first kernel says of an image; zero before it.
struct ImageList {
  int count;         // of candidates
  unsigned largest;  // coordinate, as Ordered
};

struct NmsParams {
  const float* boxes;
  const float* scores;
  const int* row_groups;  // may be null, as may row_counts
  const int* row_counts;
  int rows, classes, capacity;  // R, C, K
  int64_t score_image_stride, score_row_stride;
  float score_threshold, iou_threshold;
  float* y_boxes;
  float* y_scores;
  int* y_groups;
  int* indices;
  int* counts;
  // Scratch.
  ImageList* lists;
  uint64_t* keys;       // (B, R C)
  float* shifted_kept;  // (B, K, 4)
};

// Unsigned numbers in the order of the finite floats, all above 0.
__device__ unsigned Ordered(float x) {
  const unsigned bits = __float_as_uint(x);
  return (bits & 0x80000000U) != 0 ? ~bits : bits | 0x80000000U;
}
__device__ float FromOrdered(unsigned ordered) {
  return __uint_as_float((ordered & 0x80000000U) != 0 ? ordered & 0x7fffffffU : ~ordered);
}

struct UnsignedMaximum {
  __device__ unsigned operator()(unsigned a, unsigned b) const { return max(a, b); }
};

__global__ void __launch_bounds__(kListThreads) ListCandidatesKernel(NmsParams params) {
  const int64_t b = blockIdx.y;
  const int candidates = params.rows * params.classes;
  const auto i = static_cast<int>(blockIdx.x * kListThreads + threadIdx.x);
  const int rows = params.row_counts == nullptr ? params.rows : params.row_counts[b];
  bool takes_part = i < candidates && i / params.classes < rows;
  float score = 0.0F;
  unsigned largest = 0;
  if (takes_part) {
    score = params.scores[b * params.score_image_stride +
                          i / params.classes * params.score_row_stride + i % params.classes];
    const Box box = LoadBox(params.boxes, b * candidates + i);
    takes_part = score > params.score_threshold && IsFinite(box);
    if (takes_part) {
      largest = Ordered(Largest(Largest(box.x1, box.y1), Largest(box.x2, box.y2)));
    }
  }
  ImageList& list = params.lists[b];
  const unsigned of_warp = __ballot_sync(kAll, takes_part);
  const auto lane = static_cast<int>(threadIdx.x % 32);
  int begin = 0;
  if (lane == 0 && of_warp != 0) begin = atomicAdd(&list.count, __popc(of_warp));
  begin = __shfl_sync(kAll, begin, 0);
  if (takes_part) {
    const int before = __popc(of_warp & ((1U << lane) - 1));
    params.keys[b * candidates + begin + before] = DescendingKey(score, i);
  }
  largest = ReduceBlock<kListThreads>(largest, UnsignedMaximum());
  if (threadIdx.x == 0 && largest != 0) atomicMax(&list.largest, largest);
}

// The next candidates of an image, best first.
struct Chunk {
  uint64_t keys[kChunk];
  float boxes[kChunk * 4];  // shifted
  int groups[kChunk];
};

__device__ int GroupOf(const NmsParams& params, int index) {
  const int row_group =
      params.row_groups == nullptr ? 0 : params.row_groups[index / params.classes];
  return row_group * params.classes + index % params.classes;
}

// Fills `chunk` with the `count` best candidates from key `first` on, of `left` that there are.
// Returns the key up to which it has all.
__device__ uint64_t LoadChunk(const NmsParams& params, int64_t b, uint64_t first, int left,
                              int count, SelectScratch<kCopies>& scratch, Chunk& chunk) {
  __shared__ int collected;
  const ImageList list = params.lists[b];
  const int64_t candidates = int64_t{params.rows} * params.classes;
  const uint64_t* keys = params.keys + b * candidates;
  const auto thread = static_cast<int>(threadIdx.x);
  uint64_t bound = UINT64_MAX;
  if (count < left) {
    const auto key_at = [&](int i) { return keys[i]; };
    bound = SelectSmallest<kThreads>(key_at, list.count, first, count, scratch);
  }
  __syncthreads();  // the last chunk is done with
  chunk.keys[thread] = UINT64_MAX;
  if (thread == 0) collected = 0;
  __syncthreads();
  for (int i = thread; i < list.count; i += kThreads) {
    const uint64_t key = keys[i];
    if (first <= key && key <= bound) chunk.keys[atomicAdd(&collected, 1)] = key;
  }
  SortKeys<kThreads>(chunk.keys, kChunk);
  if (thread < count) {
    const int index = IndexOf(chunk.keys[thread]);
    const int group = GroupOf(params, index);
    const float shift = static_cast<float>(group) * (FromOrdered(list.largest) + 1.0F);
    const Box box = LoadBox(params.boxes, b * candidates + index);
    const Box shifted = {box.x1 + shift, box.y1 + shift, box.x2 + shift, box.y2 + shift};
    StoreBox(shifted, chunk.boxes, thread);
    chunk.groups[thread] = group;
  }
  __syncthreads();
  return bound;
}

// Whether one of the `kept` boxes kept so far suppresses the box. For all lanes of a warp.
__device__ bool IsSuppressed(const Box& box, int group, const float* shifted_kept,
                             const int* groups, int kept, float iou_threshold) {
  for (int begin = 0; begin < kept; begin += 32) {
    const int i = begin + static_cast<int>(threadIdx.x % 32);
    const bool hit =
        i < kept && groups[i] == group && Overlap(LoadBox(shifted_kept, i), box, iou_threshold);
    if (__any_sync(kAll, hit)) return true;
  }
  return false;
}

// Which of 32 candidates are kept: `free` are suppressed by none kept before, and lane i knows by
// which of the others candidate i would be suppressed. For all lanes of a warp.
__device__ unsigned Resolve(unsigned free, unsigned suppressors) {
  unsigned kept = 0;
#pragma unroll
  for (int i = 0; i < 32; ++i) {
    const unsigned of_candidate = __shfl_sync(kAll, suppressors, i);
    if ((free >> i & 1) != 0 && (of_candidate & kept) == 0) kept |= 1U << i;
  }
  return kept;
}

__global__ void __launch_bounds__(kThreads) SuppressKernel(NmsParams params) {
  __shared__ SelectScratch<kCopies> scratch;
  __shared__ Chunk chunk;
  __shared__ unsigned suppressors[32];
  __shared__ unsigned kept_of_32;
  __shared__ unsigned free_of_32;
  const int64_t b = blockIdx.x;
  const auto thread = static_cast<int>(threadIdx.x);
  const int warp = thread / 32;
  const int lane = thread % 32;
  float* shifted_kept = params.shifted_kept + b * params.capacity * 4;
  float* y_boxes = params.y_boxes + b * params.capacity * 4;
  float* y_scores = params.y_scores + b * params.capacity;
  int* y_groups = params.y_groups + b * params.capacity;
  int* indices = params.indices + b * params.capacity;
  const int64_t candidates = int64_t{params.rows} * params.classes;

  int kept = 0;
  uint64_t first = 0;
  for (int left = params.lists[b].count; left > 0 && kept < params.capacity;) {
    const int in_chunk = min(left, kChunk);
    first = LoadChunk(params, b, first, left, in_chunk, scratch, chunk) + 1;
    left -= in_chunk;
    for (int begin = 0; begin < in_chunk && kept < params.capacity; begin += 32) {
      const int i = begin + warp;
      const bool exists = i < in_chunk;
      const Box box = exists ? LoadBox(chunk.boxes, i) : Box{};
      const int group = exists ? chunk.groups[i] : 0;
      if (thread == 0) free_of_32 = 0;
      __syncthreads();
      const bool free =
          exists && !IsSuppressed(box, group, shifted_kept, y_groups, kept, params.iou_threshold);
      const bool suppresses =
          exists && lane < warp && chunk.groups[begin + lane] == group &&
          Overlap(LoadBox(chunk.boxes, begin + lane), box, params.iou_threshold);
      const unsigned word = __ballot_sync(kAll, suppresses);
      if (lane == 0) {
        suppressors[warp] = word;
        if (free) atomicOr(&free_of_32, 1U << warp);
      }
      __syncthreads();
      if (warp == 0) {
        const unsigned result = Resolve(free_of_32, suppressors[lane]);
        if (lane == 0) kept_of_32 = result;
      }
      __syncthreads();
      const unsigned kept_now = kept_of_32;
      const int position = kept + __popc(kept_now & ((1U << warp) - 1));
      if (lane == 0 && (kept_now >> warp & 1) != 0 && position < params.capacity) {
        const int index = IndexOf(chunk.keys[i]);
        StoreBox(box, shifted_kept, position);
        StoreBox(LoadBox(params.boxes, b * candidates + index), y_boxes, position);
        y_scores[position] =
            params
                .scores[b * params.score_image_stride +
                        index / params.classes * params.score_row_stride + index % params.classes];
        y_groups[position] = group;
        indices[position] = index;
      }
      kept = min(kept + __popc(kept_now), params.capacity);
      __syncthreads();
    }
  }
  for (int i = kept + thread; i < params.capacity; i += kThreads) {
    StoreBox({}, y_boxes, i);
    y_scores[i] = 0.0F;
    y_groups[i] = 0;
    indices[i] = -1;
  }
  if (thread == 0) params.counts[b] = kept;
}

struct NmsScratch {};

}  // namespace
}  // namespace cuda

absl::Status BatchedNmsCuda(const BatchedNmsArgs& args, Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  const int64_t B = args.boxes.dim(0);
  const int64_t candidates = args.boxes.dim(1) * args.boxes.dim(2);
  const int64_t K = args.y_boxes.dim(1);
  if (B == 0) return absl::OkStatus();
  // In the order of their alignment.
  const auto kept_bytes = static_cast<size_t>(B * K) * sizeof(Box);
  const auto keys_bytes = static_cast<size_t>(B * candidates) * sizeof(uint64_t);
  const auto list_bytes = static_cast<size_t>(B) * sizeof(ImageList);
  LM_ASSIGN_OR_RETURN(void* scratch,
                      GetScratch<NmsScratch>(kept_bytes + keys_bytes + list_bytes, stream));
  auto* const bytes = static_cast<std::byte*>(scratch);
  const NmsParams params = {
      .boxes = Data<float>(args.boxes),
      .scores = Data<float>(args.scores),
      .row_groups = Data<int>(args.row_groups),
      .row_counts = Data<int>(args.row_counts),
      .rows = static_cast<int>(args.boxes.dim(1)),
      .classes = static_cast<int>(args.boxes.dim(2)),
      .capacity = static_cast<int>(K),
      .score_image_stride = args.scores.stride(0),
      .score_row_stride = args.scores.stride(1),
      .score_threshold = args.score_threshold,
      .iou_threshold = args.iou_threshold,
      .y_boxes = Data<float>(args.y_boxes),
      .y_scores = Data<float>(args.y_scores),
      .y_groups = Data<int>(args.y_groups),
      .indices = Data<int>(args.indices),
      .counts = Data<int>(args.counts),
      .lists = reinterpret_cast<ImageList*>(bytes + kept_bytes + keys_bytes),
      .keys = reinterpret_cast<uint64_t*>(bytes + kept_bytes),
      .shifted_kept = reinterpret_cast<float*>(bytes),
  };
  cudaStream_t handle = Activate(stream);
  LM_RETURN_IF_ERROR(stream.ZeroBytes(params.lists, list_bytes));
  if (candidates > 0) {
    const dim3 grid(BlockCount(candidates, kListThreads), BlockCount(B, 1));
    ListCandidatesKernel<<<grid, kListThreads, 0, handle>>>(params);
    LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  }
  SuppressKernel<<<BlockCount(B, 1), kThreads, 0, handle>>>(params);
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba
