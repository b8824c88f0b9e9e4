// Selective scan, forward: the recurrence of Mamba (arXiv:2312.00752, eq. 2), with A discretized by
// zero-order hold and B by Euler's rule, as in mamba_ssm's selective_scan_ref, for all directions
// of a layer in one call.
//
// For each direction, batch entry b, channel d and state n, with r = read[t], over positions
// t = 0 ... Ls-1:
//
//   step    = dot(delta[b, r], delta_weight[d]) + delta_bias[d]
//             (delta[b, r, d] + delta_bias[d] without delta_weight)
//   Delta_t = softplus(step)                              (step itself without delta_softplus)
//   h_t[n]  = exp(Delta_t * A[d, n]) * h_{t-1}[n] + Delta_t * B[b, r, n] * u[b, r, d],  h_{-1} = 0
//   out_t   = sum_n C[b, r, n] * h_t[n] + D[d] * u[b, r, d]
//   y[b, write[t], d] = out_t * SiLU(z[b, z_read[t], d])               (out_t itself without z)
//
// An index of -1 reads zeros (u = delta = B = C = z = 0) or, in `write`, drops the output. No
// permuted copy exists: the direction is these index maps.
//
// Shapes: u: (B, T, D); delta: (B, T, R), or (B, T, D) without delta_weight; B, C: (B, T, N);
//         z, y: (B, L, D): rows may be strided (slices of wider tensors).
//         read, z_read, write: i32 (Ls), on the device; absent means the identity with Ls = T.
//         delta_weight: (D, R), R >= 1; delta_bias, D: (D); A: (D, N), negative;
//         last_state: (B, D, N).
// u, delta, delta_weight, B, C, z and y have one dtype: float32, float16 or bfloat16; A, D,
// delta_bias and last_state are float32, as is the recurrence whatever the dtype.
// All directions have the same B, D, N and R; Ls and T may differ.
//
// Enqueues on `stream` and does not wait. Safe to call from several threads on different streams.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree; UNIMPLEMENTED for a dtype the
//         device lacks, N > kMaxDState or more than kMaxScanDirections directions.
//         The values of index maps are trusted.
#ifndef LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_H_
#define LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_H_

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

inline constexpr int kMaxDState = 64;

struct SelectiveScanDirection {
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
  TensorView y;
  TensorView last_state;  // optional
};

struct SelectiveScanOptions {
  bool delta_softplus = true;
};

absl::Status SelectiveScan(absl::Span<const SelectiveScanDirection> directions,
                           const SelectiveScanOptions& options, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_H_
