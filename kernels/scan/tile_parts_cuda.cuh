// What the tiled kernels of the scan are made of: asynchronous copies to shared memory, tensor-core
// products, fast functions, and pairs of 16-bit elements.
#ifndef LOCALMAMBA_KERNELS_SCAN_TILE_PARTS_CUDA_CUH_
#define LOCALMAMBA_KERNELS_SCAN_TILE_PARTS_CUDA_CUH_

#include "kernels/scan/selective_scan_cuda.cuh"

namespace localmamba::scan_cuda {

inline constexpr int kTileStates = 16;  // dstate
inline constexpr int kMaxTileRank = 128;
inline constexpr int kTileMaps = 3;  // index maps of a tile in shared memory: read, z_read, write

inline __device__ uint32_t SharedAddress(const void* p) {
  return static_cast<uint32_t>(__cvta_generic_to_shared(p));
}
// Copies kBytes (4 or 16), or fills with zeros if !valid.
template <int kBytes>
__device__ void CopyAsync(void* shared, const void* global, bool valid) {
  const int source_bytes = valid ? kBytes : 0;
  if constexpr (kBytes == 16) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(SharedAddress(shared)),
                 "l"(global), "r"(source_bytes));
  } else {
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(SharedAddress(shared)),
                 "l"(global), "r"(source_bytes));
  }
}
inline __device__ void CommitCopies() { asm volatile("cp.async.commit_group;"); }
inline __device__ void WaitForCopies() { asm volatile("cp.async.wait_group 0;"); }

// Loads four or two 8x8 matrices of 16-bit elements as the operands of MatrixMultiplyAdd lie in a
// warp. Lane i gives the address of row i % 8 of matrix i / 8; kTurned swaps rows and columns.
template <bool kTurned>
__device__ void LoadMatrices(const void* shared, uint32_t (&out)[4]) {
  if constexpr (kTurned) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(out[0]), "=r"(out[1]), "=r"(out[2]), "=r"(out[3])
                 : "r"(SharedAddress(shared)));
  } else {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(out[0]), "=r"(out[1]), "=r"(out[2]), "=r"(out[3])
                 : "r"(SharedAddress(shared)));
  }
}
inline __device__ void LoadMatrices(const void* shared, uint32_t (&out)[2]) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0,%1}, [%2];"
               : "=r"(out[0]), "=r"(out[1])
               : "r"(SharedAddress(shared)));
}

// d += a(16x16) * b(16x8), float32 sums.
template <class T>
__device__ void MatrixMultiplyAdd(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]);
template <>
inline __device__ void MatrixMultiplyAdd<__half>(float (&d)[4], const uint32_t (&a)[4],
                                                 const uint32_t (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
      "{%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
template <>
inline __device__ void MatrixMultiplyAdd<__nv_bfloat16>(float (&d)[4], const uint32_t (&a)[4],
                                                        const uint32_t (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
      "{%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

inline __device__ float Log2(float x) {
  float y;
  asm("lg2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

// log2(1 + 2^x), the softplus of steps in units of log2(e), to the accuracy of 16-bit results; x
// itself above 20 log2(e). Without branches.
inline __device__ float Softplus2(float x) {
  const float soft = Log2(1.0F + Exp2(x));
  return x > 20.0F * kLog2e ? x : soft;
}

template <class T>
__device__ float2 UnpackPair(uint32_t word) {
  float values[2];
  cuda::ToFloats(cuda::Vector<T, 2>{{word}}, values);
  return {values[0], values[1]};
}
template <class T>
__device__ uint32_t PackPair(float x, float y) {
  const float values[2] = {x, y};
  return cuda::FromFloats<T>(values).words[0];
}

// Starts the copies of the tile's part of the index maps; -1 past the end.
template <int kRows, class T>
__device__ void LoadMaps(const Direction<T>& direction, int tile, int end, int32_t* maps) {
  const int i = static_cast<int>(threadIdx.x);
  if (i >= kRows) return;
  const int32_t* const sources[kTileMaps] = {direction.read, direction.z_read, direction.write};
#pragma unroll
  for (int m = 0; m < kTileMaps; ++m) {
    if (sources[m] != nullptr && tile + i < end) {
      CopyAsync<4>(maps + m * kRows + i, sources[m] + tile + i, true);
    } else {
      maps[m * kRows + i] = tile + i < end ? tile + i : -1;
    }
  }
}

// Starts the copies of delta_weight of a block's channels, with zeros where there is none.
template <class T>
__device__ void LoadWeight(const Direction<T>& direction, int first_channel, int channels, int dim,
                           int rank, int rank_padded, int pitch, T* weight) {
  const int thread = static_cast<int>(threadIdx.x);
  for (int c = thread / 32; c < channels; c += static_cast<int>(blockDim.x) / 32) {
    const bool has = first_channel + c < dim;
    const T* const source =
        direction.delta_weight +
        static_cast<int64_t>(has ? first_channel + c : 0) * direction.weight_row;
    for (int r = thread % 32 * 2; r < rank_padded; r += 64) {
      const bool in = has && r < rank;
      CopyAsync<4>(weight + c * pitch + r, source + (in ? r : 0), in);
    }
  }
}

}  // namespace localmamba::scan_cuda

#endif  // LOCALMAMBA_KERNELS_SCAN_TILE_PARTS_CUDA_CUH_
