// The differentiable operations that networks are written in.
//
// Every operation is a function of values: it allocates its result from context.allocator, enqueues
// one kernel on context.stream and changes no operand. What a gradient can flow to is a Value
// operand, an empty Value is an absent one; constants (index maps, sizes, options) are not Values.
// So with context.tape set an operation records all that its backward needs
// (docs/decisions/0001-operations-and-tape.md).
//
// Formulas, shapes and dtypes are those of the kernel that an operation names. Results have
// context.dtype unless said otherwise. Layout: tokens are (B, L, D) or (B, H, W, D), channels last;
// outputs of K directions are one tensor (K, B, L, D).
//
// Errors: those of the kernel and of the allocator (RESOURCE_EXHAUSTED). Views do not fail.
#ifndef LOCALMAMBA_MODEL_AUTOGRAD_OPERATIONS_H_
#define LOCALMAMBA_MODEL_AUTOGRAD_OPERATIONS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "kernels/conv/map_conv2d.h"
#include "kernels/elementwise/activation.h"
#include "kernels/elementwise/unary.h"
#include "kernels/norm/add_norm.h"
#include "model/autograd/op_context.h"
#include "model/autograd/value.h"

namespace localmamba::ops {

// ---- Views: results share the memory of the operand. As Tensor's methods of these names. ----

Value Slice(OpContext& context, const Value& x, int dim, int64_t begin, int64_t end);
Value Select(OpContext& context, const Value& x, int dim, int64_t index);
Value Reshape(OpContext& context, const Value& x, const Shape& shape);

// ---- Moving ----

// x on the context's device in `dtype`, a floating-point type; x itself if it is that already.
absl::StatusOr<Value> Convert(OpContext& context, const Value& x, DType dtype);

// x with `count` zeros inserted before `position` of dimension `dim`. x is dense.
absl::StatusOr<Value> InsertZeros(OpContext& context, const Value& x, int dim, int64_t position,
                                  int64_t count);

// The rows of the parts, one part after the other. parts: (M_i, N), dense, of one dtype.
absl::StatusOr<Value> ConcatRows(OpContext& context, absl::Span<const Value> parts);

// (B, L, D) with one token, (D), inserted before `position` → (B, L+1, D).
absl::StatusOr<Value> InsertToken(OpContext& context, const Value& x, const Value& token,
                                  int64_t position);

// (B, L, D) → (B, D, L).
absl::StatusOr<Value> TransposeTokens(OpContext& context, const Value& x);

// (B, H, W, C) → (B, C, H, W): TransposeTokens of a map.
absl::StatusOr<Value> ChannelsFirst(OpContext& context, const Value& x);

// (B, H, W, C) → (B, ceil(H/2), ceil(W/2), 4C).
absl::StatusOr<Value> SpaceToDepth(OpContext& context, const Value& x);

// (H, W, C) → (height, width, C), float32.
absl::StatusOr<Value> ResizeBicubic(OpContext& context, const Value& x, int64_t height,
                                    int64_t width);

// The operations on maps below have no backward yet: on a tape that would need one they fail with
// UNIMPLEMENTED. Those that resize are kernels/image/resize_bilinear.h and resize_nearest.h.

// (B, H, W, C) → (B, height, width, C).
absl::StatusOr<Value> ResizeBilinear(OpContext& context, const Value& x, int64_t height,
                                     int64_t width);
absl::StatusOr<Value> ResizeNearest(OpContext& context, const Value& x, int64_t height,
                                    int64_t width);

// The channels of all parts, one part after the other, each part resized bilinearly.
// parts: (B, H_i, W_i, C_i), of one dtype → (B, height, width, sum of C_i).
absl::StatusOr<Value> ConcatResized(OpContext& context, absl::Span<const Value> parts,
                                    int64_t height, int64_t width);

// (B, H, W, C) → (B, bins, bins, C): kernels/reduce/adaptive_average_pool.h.
absl::StatusOr<Value> AdaptiveAveragePool(OpContext& context, const Value& x, int64_t bins);

// ---- Arithmetic ----

// f(x), in the dtype of x, dense.
absl::StatusOr<Value> Unary(OpContext& context, UnaryFunction function, const Value& x);

// x + b, the rows of b repeated along those of x. x: (..., N); b: (P, N).
absl::StatusOr<Value> Add(OpContext& context, const Value& x, const Value& b);

// x + residual, of one shape.
absl::StatusOr<Value> AddResidual(OpContext& context, const Value& x, const Value& residual);

// x[b] * factor[b] for each image b: stochastic depth. x: (B, ...); factor: (B), a constant.
absl::StatusOr<Value> ScaleImages(OpContext& context, const Value& x, const Value& factor);

// (M, N) → softmax of each row, float32.
absl::StatusOr<Value> Softmax(OpContext& context, const Value& x);

// (B, L, D) → mean over the tokens (B, D).
absl::StatusOr<Value> MeanTokens(OpContext& context, const Value& x);

// The mean over the images of -sum_c targets[b, c] * log softmax(logits[b])[c], a float32 scalar.
// logits: (B, C); targets: (B, C), float32, constants.
absl::StatusOr<Value> SoftmaxCrossEntropy(OpContext& context, const Value& logits,
                                          const Value& targets);

struct LinearOptions {
  Activation activation = Activation::kIdentity;
  Value residual = {};  // optional, (..., N)
};

// activation(x @ weight^T + bias) + residual, in the dtype of x. x: (..., K) → (..., N).
absl::StatusOr<Value> Linear(OpContext& context, const Value& x, const Value& weight,
                             const Value& bias, const LinearOptions& options = {});

// ---- Convolutions ----

struct Conv2dOptions {
  int64_t stride = 1;
  int64_t pad_bottom = 0;  // zeros
  int64_t pad_right = 0;
};

// (B, C, H, W) → (B, Ho, Wo, O).
absl::StatusOr<Value> Conv2d(OpContext& context, const Value& x, const Value& weight,
                             const Value& bias, const Conv2dOptions& options);

// kernels/conv/map_conv2d.h: (B, H, W, C), weight (O, kh, kw, C) → (B, Ho, Wo, O). Without a
// backward yet.
absl::StatusOr<Value> MapConv2d(OpContext& context, const Value& x, const Value& weight,
                                const Value& bias, const MapConv2dWindow& window,
                                Activation activation = Activation::kIdentity);

// (B, H, W, D) → (B, H, W, D).
absl::StatusOr<Value> DepthwiseConv2d(OpContext& context, const Value& x, const Value& weight,
                                      const Value& bias, Activation activation);

struct CausalConv1dOperands {
  Value x;      // (B, L, D), rows may be strided
  Tensor read;  // i32 (Ls): index map, constant
  Value weight;
  Value bias;
};

// One result (B, Ls, D) per direction.
absl::StatusOr<std::vector<Value>> CausalConv1d(OpContext& context,
                                                absl::Span<const CausalConv1dOperands> directions,
                                                Activation activation);

// ---- Norms ----

struct NormOperands {
  NormKind kind = NormKind::kRms;
  Value weight;
  Value bias;  // with kLayer
};

struct AddNormResult {
  Value y;         // normalised, in the dtype of hidden
  Value residual;  // the sum, rotated if tables were given; float32
};

// kernels/norm/add_norm.h. `residual`, `rope_cos` and `rope_sin` are optional.
absl::StatusOr<AddNormResult> AddNorm(OpContext& context, const Value& hidden,
                                      const Value& residual, const Value& rope_cos,
                                      const Value& rope_sin, const NormOperands& norm);

// LayerNorm over the last dimension, times SiLU(z) if z is given. x, z: (..., D), in that dtype.
absl::StatusOr<Value> LayerNorm(OpContext& context, const Value& x, const Value& weight,
                                const Value& bias, const Value& z = {});

// (..., L, D) → the mean over the L tokens of their layer norms, (..., D), float32.
absl::StatusOr<Value> PooledLayerNorm(OpContext& context, const Value& x, const Value& weight,
                                      const Value& bias);

// ---- Scan ----

// Operands of one direction; names as in kernels/scan/selective_scan.h. Index maps are constants.
struct SelectiveScanOperands {
  Value u;
  Value delta;
  Value B;
  Value C;
  Value z;  // optional
  Value delta_weight;
  Value delta_bias;
  Value A;
  Value D;
  Tensor read;    // optional
  Tensor z_read;  // optional
  Tensor write;   // hits each of the `tokens` output tokens exactly once
};

// All directions of a layer → (K, B, tokens, D).
absl::StatusOr<Value> SelectiveScan(OpContext& context,
                                    absl::Span<const SelectiveScanOperands> directions,
                                    int64_t tokens);

// kernels/scan/merge_directions.h: (K, B, L, D) → (B, L, D). All but `o` are optional.
struct MergeOperands {
  Value o;
  Value channel;  // (K, B, D)
  Value local;    // (K, B, L)
  Value global;   // (K, B)
  Value w;        // (K)
};
absl::StatusOr<Value> MergeDirections(OpContext& context, const MergeOperands& operands);

}  // namespace localmamba::ops

#endif  // LOCALMAMBA_MODEL_AUTOGRAD_OPERATIONS_H_
