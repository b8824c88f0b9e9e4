// Normalisation.
#include <utility>

#include "kernels/base/status_macros.h"
#include "kernels/norm/add_norm_backward.h"
#include "kernels/norm/layer_norm.h"
#include "kernels/norm/layer_norm_backward.h"
#include "kernels/norm/pooled_layer_norm.h"
#include "kernels/norm/pooled_layer_norm_backward.h"
#include "model/autograd/new_result.h"
#include "model/autograd/operations.h"
#include "model/autograd/tape.h"

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
  AddNormResult result{Value(std::move(y)), Value(std::move(sum))};
  if (IsRecorded(context, {&hidden, &residual, &norm.weight, &norm.bias})) {
    const Tensor residual_out = result.residual.tensor();
    context.tape->Record({&result.y, &result.residual}, [hidden, residual, rope_cos, rope_sin, norm,
                                                         residual_out](OpContext& context,
                                                                       Gradients gradients) {
      LM_ASSIGN_OR_RETURN(const Tensor dhidden, NewGradient(context, hidden));
      LM_ASSIGN_OR_RETURN(const Tensor dresidual, NewGradient(context, residual));
      LM_ASSIGN_OR_RETURN(const Tensor dweight, NewParameterGradient(context, norm.weight));
      LM_ASSIGN_OR_RETURN(const Tensor dbias, NewParameterGradient(context, norm.bias));
      LM_RETURN_IF_ERROR(AddNormBackward({.residual_out = residual_out,
                                          .rope_cos = rope_cos.tensor(),
                                          .rope_sin = rope_sin.tensor(),
                                          .norm = norm.kind,
                                          .weight = norm.weight.tensor(),
                                          .dy = gradients[0],
                                          .dresidual_out = gradients[1],
                                          .dhidden = dhidden,
                                          .dresidual = dresidual,
                                          .dweight = dweight,
                                          .dbias = dbias},
                                         context.stream));
      return context.tape->Add(
          context,
          {{hidden, dhidden}, {residual, dresidual}, {norm.weight, dweight}, {norm.bias, dbias}});
    });
  }
  return result;
}

absl::StatusOr<Value> LayerNorm(OpContext& context, const Value& x, const Value& weight,
                                const Value& bias, const Value& z) {
  const OperationScope operation(context, "layer_norm", x, weight, bias, z);
  LM_ASSIGN_OR_RETURN(Tensor y, NewResult(context, context.dtype, x.shape()));
  LM_RETURN_IF_ERROR(localmamba::LayerNorm({.x = Rows(x.tensor()),
                                            .weight = weight.tensor(),
                                            .bias = bias.tensor(),
                                            .z = Rows(z.tensor()),
                                            .y = Rows(y)},
                                           context.stream));
  Value result(std::move(y));
  if (IsRecorded(context, {&x, &weight, &bias, &z})) {
    context.tape->Record({&result}, [x, weight, bias, z](OpContext& context, Gradients gradients) {
      LM_ASSIGN_OR_RETURN(const Tensor dx, NewGradient(context, x));
      LM_ASSIGN_OR_RETURN(const Tensor dz, NewGradient(context, z));
      LM_ASSIGN_OR_RETURN(const Tensor dweight, NewParameterGradient(context, weight));
      LM_ASSIGN_OR_RETURN(const Tensor dbias, NewParameterGradient(context, bias));
      LM_RETURN_IF_ERROR(LayerNormBackward({.x = Rows(x.tensor()),
                                            .weight = weight.tensor(),
                                            .bias = bias.tensor(),
                                            .z = Rows(z.tensor()),
                                            .dy = Rows(gradients[0]),
                                            .dx = Rows(dx),
                                            .dz = Rows(dz),
                                            .dweight = dweight,
                                            .dbias = dbias},
                                           context.stream));
      return context.tape->Add(context, {{x, dx}, {z, dz}, {weight, dweight}, {bias, dbias}});
    });
  }
  return result;
}

absl::StatusOr<Value> PooledLayerNorm(OpContext& context, const Value& x, const Value& weight,
                                      const Value& bias) {
  const OperationScope operation(context, "pooled_layer_norm", x, weight, bias);
  const Shape rows = RowsOf(x.shape());
  const int64_t tokens = x.dim(x.tensor().rank() - 2);
  Shape pooled(x.shape().dims().first(static_cast<size_t>(x.tensor().rank() - 1)));
  pooled[pooled.rank() - 1] = rows[1];
  LM_ASSIGN_OR_RETURN(Tensor y, NewResult(context, DType::kFloat32, pooled));
  const Shape maps = {rows[0] / tokens, tokens, rows[1]};
  LM_RETURN_IF_ERROR(localmamba::PooledLayerNorm({.x = x.tensor().view().Reshape(maps),
                                                  .weight = weight.tensor(),
                                                  .bias = bias.tensor(),
                                                  .y = Rows(y)},
                                                 context.stream));
  Value result(std::move(y));
  if (IsRecorded(context, {&x, &weight, &bias})) {
    context.tape->Record(
        {&result}, [x, weight, bias, maps](OpContext& context, Gradients gradients) {
          LM_ASSIGN_OR_RETURN(const Tensor dx, NewGradient(context, x));
          LM_ASSIGN_OR_RETURN(const Tensor dweight, NewParameterGradient(context, weight));
          LM_ASSIGN_OR_RETURN(const Tensor dbias, NewParameterGradient(context, bias));
          LM_RETURN_IF_ERROR(
              PooledLayerNormBackward({.x = x.tensor().view().Reshape(maps),
                                       .weight = weight.tensor(),
                                       .dy = Rows(gradients[0]),
                                       .dx = dx.empty() ? TensorView() : dx.view().Reshape(maps),
                                       .dweight = dweight,
                                       .dbias = dbias},
                                      context.stream));
          return context.tape->Add(context, {{x, dx}, {weight, dweight}, {bias, dbias}});
        });
  }
  return result;
}

}  // namespace localmamba::ops
