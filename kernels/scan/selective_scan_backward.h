// Selective scan, backward: the gradients of selective_scan.h for all directions of a layer in one
// call.
//
// With the forward's formula and names, dout_t = dy[b, write[t], d] * SiLU(z_t) (dy itself without
// z; 0 where write[t] is -1) and dh_t the gradient of the state, positions in reverse order:
//
//   dh_t[n]    = C_t[n] * dout_t + exp(Delta_{t+1} * A[n]) * dh_{t+1}[n]
//   du_t       = D * dout_t + Delta_t * sum_n B_t[n] * dh_t[n]
//   dDelta_t   = sum_n dh_t[n] * (A[n] * exp(Delta_t * A[n]) * h_{t-1}[n] + B_t[n] * u_t)
//   dstep_t    = dDelta_t * sigmoid(step_t)                   (dDelta_t itself without softplus)
//   dB_t[n]    = sum_d Delta_t * u_t * dh_t[n]
//   dC_t[n]    = sum_d dout_t * h_t[n]
//   dz_t       = dy_t * out_t * SiLU'(z_t)
//   dA[n]      = sum_{b,t} Delta_t * exp(Delta_t * A[n]) * h_{t-1}[n] * dh_t[n]
//   dD         = sum_{b,t} dout_t * u_t
//   ddelta_bias = sum_{b,t} dstep_t
//
// Gradients of tokens are written to the row that position t read (z_read for dz); every row must
// be read by exactly one position of its direction, as every scan order does, so nothing is cleared
// first. Steps, states and outputs are recomputed; states are kept at the start of chunks only,
// never for all positions.
//
// From dstep a linear backward makes the gradients of delta and delta_weight; without delta_weight
// it is the gradient of delta. Padding positions have a step (their bias) and no row: their part of
// the gradient is in ddelta_bias alone.
//
// Shapes: operands and dy as in the forward, dy as y. du and dstep: (B, T, D); dB, dC: (B, T, N);
//         dz: (B, L, D): rows may be strided. dA: (D, N); dD, ddelta_bias: (D).
// The operands' dtypes are the forward's; dy and the gradients of tokens have the dtype of u, dA,
// dD and ddelta_bias are float32. Sums are float32 and have a fixed order: results do not depend on
// timing or on the number of threads.
// Gradients may be absent, each direction's for itself: nobody wants them. dz needs z, dD needs D.
// All directions have the same B, D, N and R; Ls and T may differ.
//
// Enqueues on `stream` and does not wait. Scratch memory on CUDA: for every channel of a sequence
// its steps and, each 32 positions, N states (rounded up to 16, 32 or 64), all float32.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree, also the gradients' where wanted;
//         UNIMPLEMENTED for a dtype the device lacks, N > kMaxDState, more than kMaxScanDirections
//         directions or, on CUDA, an R of hundreds; RESOURCE_EXHAUSTED if the device lacks the
//         memory for scratch. The values of index maps are trusted.
#ifndef LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_BACKWARD_H_
#define LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_BACKWARD_H_

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "kernels/device/stream.h"
#include "kernels/scan/selective_scan.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

struct SelectiveScanBackwardDirection {
  ConstTensorView u;
  ConstTensorView delta;
  ConstTensorView B;
  ConstTensorView C;
  ConstTensorView z;             // optional
  ConstTensorView read;          // optional
  ConstTensorView z_read;        // optional
  ConstTensorView write;         // optional
  ConstTensorView delta_weight;  // optional
  ConstTensorView delta_bias;    // optional
  ConstTensorView A;
  ConstTensorView D;  // optional
  ConstTensorView dy;
  // Each optional:
  TensorView du;
  TensorView dstep;
  TensorView dB;
  TensorView dC;
  TensorView dz;
  TensorView dA;
  TensorView dD;
  TensorView ddelta_bias;
};

absl::Status SelectiveScanBackward(absl::Span<const SelectiveScanBackwardDirection> directions,
                                   const SelectiveScanOptions& options, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_BACKWARD_H_
