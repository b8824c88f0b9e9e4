// Memory of the tasks of the selective scan's backward. Guard as in
// kernels/elementwise/vector_math-inl.h.
#if defined(LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_BACKWARD_WORKSPACE_INL_H_) == \
    defined(HWY_TARGET_TOGGLE)
#ifdef LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_BACKWARD_WORKSPACE_INL_H_
#undef LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_BACKWARD_WORKSPACE_INL_H_
#else
#define LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_BACKWARD_WORKSPACE_INL_H_
#endif

#include <algorithm>
#include <cstddef>

#include "hwy/aligned_allocator.h"
#include "hwy/highway.h"
#include "kernels/scan/scan_vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace localmamba {
namespace HWY_NAMESPACE {

// Memory of one thread, for groups of up to `vectors` vectors and sequences of up to `chunks`
// chunks. Arrays of vectors, one lane a channel.
struct BackwardWorkspace {
  static constexpr size_t kChunk = 32;
  static constexpr size_t kStateGroup = 4;

  BackwardWorkspace(size_t vectors, size_t states, size_t rank, size_t chunks)
      : a(Allocate(vectors * states)),
        dh(Allocate(vectors * states)),
        dA(Allocate(vectors * states)),
        dD(Allocate(vectors)),
        dbias(Allocate(vectors)),
        delta_weight(Allocate(vectors * rank)),
        starts(Allocate(chunks * vectors * states)),
        dB(Allocate(states * kChunk)),
        dC(Allocate(states * kChunk)) {}

  static hwy::AlignedFreeUniquePtr<float[]> Allocate(size_t vectors) {
    return hwy::AllocateAligned<float>(std::max<size_t>(1, vectors) * kLanes);
  }

  // [vector][state]: A * log2(e), and what the walk back carries.
  hwy::AlignedFreeUniquePtr<float[]> a, dh, dA;
  hwy::AlignedFreeUniquePtr<float[]> dD, dbias;     // [vector]
  hwy::AlignedFreeUniquePtr<float[]> delta_weight;  // [vector][r]
  hwy::AlignedFreeUniquePtr<float[]> starts;        // [chunk][vector][state]
  hwy::AlignedFreeUniquePtr<float[]> dB, dC;        // [state][position of the chunk]

  // [position of the chunk], of one vector:
  HWY_ALIGN float slope[kChunk * kLanes];  // d Delta / d step
  HWY_ALIGN float step[kChunk * kLanes];   // Delta
  HWY_ALIGN float u[kChunk * kLanes];
  HWY_ALIGN float step_input[kChunk * kLanes];  // Delta * u
  HWY_ALIGN float dout[kChunk * kLanes];
  HWY_ALIGN float out[kChunk * kLanes];
  HWY_ALIGN float decay_sum[kChunk * kLanes];  // sum_n dh * a * exp(Delta A) * h_{t-1}
  HWY_ALIGN float input_sum[kChunk * kLanes];  // sum_n dh * B
  const float* B[kChunk];
  const float* C[kChunk];
  // Of one group of states: [state of the group][position], h from the one before the chunk on.
  HWY_ALIGN float h[kStateGroup * (kChunk + 1) * kLanes];
  HWY_ALIGN float decay[kStateGroup * kChunk * kLanes];
};

// NOLINTNEXTLINE(google-readability-namespace-comments): the name differs per target
}  // namespace HWY_NAMESPACE
}  // namespace localmamba
HWY_AFTER_NAMESPACE();

#endif  // LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_BACKWARD_WORKSPACE_INL_H_
