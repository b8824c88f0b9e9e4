// Boxes and deltas in device memory: rows of four elements, whole accesses of up to 16 bytes.
#ifndef LOCALMAMBA_KERNELS_DETECTION_CUDA_BOX_MEMORY_CUH_
#define LOCALMAMBA_KERNELS_DETECTION_CUDA_BOX_MEMORY_CUH_

#include <cstdint>

#include "kernels/detection/box.h"
#include "kernels/device/cuda/vector.cuh"

namespace localmamba::cuda {

// Row `row` of boxes.
__device__ __forceinline__ Box LoadBox(const float* boxes, int64_t row) {
  float corners[4];
  LoadVector(boxes + row * 4, corners);
  return {corners[0], corners[1], corners[2], corners[3]};
}

__device__ __forceinline__ void StoreBox(const Box& box, float* boxes, int64_t row) {
  const float corners[4] = {box.x1, box.y1, box.x2, box.y2};
  StoreVector(corners, boxes + row * 4);
}

// Row `row` of deltas.
template <class T>
__device__ __forceinline__ BoxDelta LoadDelta(const T* deltas, int64_t row) {
  float elements[4];
  LoadVector(deltas + row * 4, elements);
  return {elements[0], elements[1], elements[2], elements[3]};
}

}  // namespace localmamba::cuda

#endif  // LOCALMAMBA_KERNELS_DETECTION_CUDA_BOX_MEMORY_CUH_
