// Normalisation.
#include <utility>

#include "kernels/base/status_macros.h"
#include "kernels/norm/layer_norm.h"
#include "kernels/norm/pooled_layer_norm.h"
#include "model/autograd/new_result.h"
#include "model/autograd/operations.h"

namespace localmamba::ops {

absl::StatusOr<AddNormResult> AddNorm(OpContext& context, const Value& hidden,
                                      const Value& residual, const Value& rope_cos,
                                      const Value& rope_sin, const NormOperands& norm) {
  const OperationScope operation(context, "add_norm", hidden, residual, rope_cos, rope_sin,
                                 norm.weight, norm.bias);
  LM_ASSIGN_OR_RETURN(Tensor y, NewResult(context, hidden.tensor().dtype(), hidden.shape()));
  LM_ASSIGN_OR_RETURN(Tensor sum, NewResult(context, DType::kFloat32, hidden.shape()));
  LM_RETURN_IF_ERROR(localmamba::AddNorm({.hidden = hidden.tensor(),
                                          .residual = residual.tensor(),
                                          .rope_cos = rope_cos.tensor(),
                                          .rope_sin = rope_sin.tensor(),
                                          .norm = norm.kind,
                                          .weight = norm.weight.tensor(),
                                          .bias = norm.bias.tensor(),
                                          .residual_out = sum,
                                          .y = y},
                                         context.stream));
  return AddNormResult{Value(std::move(y)), Value(std::move(sum))};
}

absl::StatusOr<Value> LayerNorm(OpContext& context, const Value& x, const Value& weight,
                                const Value& bias, const Value& z) {
  const OperationScope operation(context, "layer_norm", x, weight, bias, z);
  LM_ASSIGN_OR_RETURN(Tensor y, NewResult(context, context.dtype, x.shape()));
  LM_RETURN_IF_ERROR(localmamba::LayerNorm({.x = Rows(x.tensor()),
                                            .weight = weight.tensor(),
                                            .bias = bias.tensor(),
                                            .z = Rows(z.tensor()),
                                            .y = y.view().Reshape(RowsOf(y.shape()))},
                                           context.stream));
  return Value(std::move(y));
}

absl::StatusOr<Value> PooledLayerNorm(OpContext& context, const Value& x, const Value& weight,
                                      const Value& bias) {
  const OperationScope operation(context, "pooled_layer_norm", x, weight, bias);
  const Shape rows = RowsOf(x.shape());
  const int64_t tokens = x.dim(x.tensor().rank() - 2);
  Shape pooled(x.shape().dims().first(static_cast<size_t>(x.tensor().rank() - 1)));
  pooled[pooled.rank() - 1] = rows[1];
  LM_ASSIGN_OR_RETURN(Tensor y, NewResult(context, DType::kFloat32, pooled));
  LM_RETURN_IF_ERROR(localmamba::PooledLayerNorm(
      {.x = x.tensor().view().Reshape({rows[0] / tokens, tokens, rows[1]}),
       .weight = weight.tensor(),
       .bias = bias.tensor(),
       .y = y.view().Reshape({rows[0] / tokens, rows[1]})},
      context.stream));
  return Value(std::move(y));
}

}  // namespace localmamba::ops
