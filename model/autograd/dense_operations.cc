// Arithmetic and matrix products.
#include <utility>

#include "kernels/base/check.h"
#include "kernels/base/status_macros.h"
#include "kernels/elementwise/add.h"
#include "kernels/elementwise/scale_images.h"
#include "kernels/elementwise/unary_backward.h"
#include "kernels/gemm/linear.h"
#include "kernels/gemm/linear_backward.h"
#include "kernels/reduce/cross_entropy.h"
#include "kernels/reduce/mean_tokens.h"
#include "kernels/reduce/mean_tokens_backward.h"
#include "kernels/reduce/softmax.h"
#include "kernels/reduce/softmax_backward.h"
#include "kernels/reduce/sum_rows.h"
#include "model/autograd/new_result.h"
#include "model/autograd/operations.h"
#include "model/autograd/tape.h"

namespace localmamba::ops {
namespace {

// (B, ...) → (B, the rest).
TensorView Images(const Tensor& x) { return x.view().Reshape({x.dim(0), x.elements() / x.dim(0)}); }

UnaryFunction ToUnary(Activation activation) {
  switch (activation) {
    case Activation::kSilu:
      return UnaryFunction::kSilu;
    case Activation::kGelu:
      return UnaryFunction::kGelu;
    case Activation::kSigmoid:
      return UnaryFunction::kSigmoid;
    case Activation::kRelu:
      return UnaryFunction::kRelu;
    case Activation::kIdentity:
      break;
  }
  LM_CHECK(false);  // the identity is no operation
}

// Linear in steps whose backwards exist: an activation needs what it was applied to.
absl::StatusOr<Value> LinearInSteps(OpContext& context, const Value& x, const Value& weight,
                                    const Value& bias, const LinearOptions& options) {
  LM_ASSIGN_OR_RETURN(const Value product, Linear(context, x, weight, bias));
  LM_ASSIGN_OR_RETURN(Value y, Unary(context, ToUnary(options.activation), product));
  return options.residual.empty() ? y : AddResidual(context, y, options.residual);
}

}  // namespace

absl::StatusOr<Value> Unary(OpContext& context, UnaryFunction function, const Value& x) {
  const OperationScope operation(context, "unary", x);
  LM_ASSIGN_OR_RETURN(Tensor y, NewResult(context, x.tensor().dtype(), x.shape()));
  LM_RETURN_IF_ERROR(localmamba::Unary(function, x.tensor(), y, context.stream));
  Value result(std::move(y));
  if (IsRecorded(context, {&x})) {
    context.tape->Record({&result}, [function, x](OpContext& context, Gradients gradients) {
      const Tensor& dx = gradients[0];  // in place
      LM_RETURN_IF_ERROR(UnaryBackward(function, x.tensor(), dx, dx, context.stream));
      return context.tape->Add(context, {{x, dx}});
    });
  }
  return result;
}

absl::StatusOr<Value> Add(OpContext& context, const Value& x, const Value& b) {
  const OperationScope operation(context, "add", x, b);
  LM_ASSIGN_OR_RETURN(Tensor y, NewResult(context, x.tensor().dtype(), x.shape()));
  LM_RETURN_IF_ERROR(localmamba::Add(Rows(x.tensor()), b.tensor(), Rows(y), context.stream));
  Value result(std::move(y));
  if (IsRecorded(context, {&x, &b})) {
    context.tape->Record({&result}, [x, b](OpContext& context, Gradients gradients) {
      LM_ASSIGN_OR_RETURN(const Tensor db, NewParameterGradient(context, b));
      if (!db.empty()) LM_RETURN_IF_ERROR(SumRows(Rows(gradients[0]), db, context.stream));
      return context.tape->Add(context, {{x, gradients[0]}, {b, db}});
    });
  }
  return result;
}

absl::StatusOr<Value> AddResidual(OpContext& context, const Value& x, const Value& residual) {
  const OperationScope operation(context, "add_residual", x, residual);
  LM_ASSIGN_OR_RETURN(Tensor y, NewResult(context, x.tensor().dtype(), x.shape()));
  LM_RETURN_IF_ERROR(
      localmamba::Add(Rows(x.tensor()), Rows(residual.tensor()), Rows(y), context.stream));
  Value result(std::move(y));
  if (IsRecorded(context, {&x, &residual})) {
    context.tape->Record({&result}, [x, residual](OpContext& context, Gradients gradients) {
      LM_ASSIGN_OR_RETURN(const Tensor dx, NewGradient(context, x));
      if (!dx.empty()) LM_RETURN_IF_ERROR(Copy(gradients[0], dx, context.stream));
      return context.tape->Add(context, {{x, dx}, {residual, gradients[0]}});
    });
  }
  return result;
}

absl::StatusOr<Value> ScaleImages(OpContext& context, const Value& x, const Value& factor) {
  const OperationScope operation(context, "scale_images", x, factor);
  LM_ASSIGN_OR_RETURN(Tensor y, NewResult(context, x.tensor().dtype(), x.shape()));
  LM_RETURN_IF_ERROR(
      localmamba::ScaleImages(Images(x.tensor()), factor.tensor(), Images(y), context.stream));
  Value result(std::move(y));
  if (IsRecorded(context, {&x})) {
    context.tape->Record({&result}, [x, factor](OpContext& context, Gradients gradients) {
      const Tensor& dx = gradients[0];  // in place
      LM_RETURN_IF_ERROR(
          localmamba::ScaleImages(Images(dx), factor.tensor(), Images(dx), context.stream));
      return context.tape->Add(context, {{x, dx}});
    });
  }
  return result;
}

absl::StatusOr<Value> Softmax(OpContext& context, const Value& x) {
  const OperationScope operation(context, "softmax", x);
  LM_ASSIGN_OR_RETURN(const Tensor y, NewResult(context, DType::kFloat32, x.shape()));
  LM_RETURN_IF_ERROR(localmamba::Softmax(x.tensor(), y, context.stream));
  Value result(y);
  if (IsRecorded(context, {&x})) {
    context.tape->Record({&result}, [x, y](OpContext& context, Gradients gradients) {
      const Tensor& dx = gradients[0];  // in place
      LM_RETURN_IF_ERROR(SoftmaxBackward(y, dx, dx, context.stream));
      return context.tape->Add(context, {{x, dx}});
    });
  }
  return result;
}

absl::StatusOr<Value> MeanTokens(OpContext& context, const Value& x) {
  const OperationScope operation(context, "mean_tokens", x);
  LM_ASSIGN_OR_RETURN(Tensor y, NewResult(context, x.tensor().dtype(), {x.dim(0), x.dim(2)}));
  LM_RETURN_IF_ERROR(localmamba::MeanTokens(x.tensor(), y, context.stream));
  Value result(std::move(y));
  if (IsRecorded(context, {&x})) {
    context.tape->Record({&result}, [x](OpContext& context, Gradients gradients) {
      LM_ASSIGN_OR_RETURN(const Tensor dx, NewGradient(context, x));
      LM_RETURN_IF_ERROR(MeanTokensBackward(gradients[0], dx, context.stream));
      return context.tape->Add(context, {{x, dx}});
    });
  }
  return result;
}

absl::StatusOr<Value> SoftmaxCrossEntropy(OpContext& context, const Value& logits,
                                          const Value& targets) {
  const OperationScope operation(context, "softmax_cross_entropy", logits, targets);
  LM_ASSIGN_OR_RETURN(Tensor loss, NewResult(context, DType::kFloat32, {}));
  LM_RETURN_IF_ERROR(CrossEntropy(
      {.logits = logits.tensor(), .targets = targets.tensor(), .loss = loss, .losses = {}},
      context.stream));
  Value result(std::move(loss));
  if (IsRecorded(context, {&logits})) {
    context.tape->Record({&result}, [logits, targets](OpContext& context, Gradients gradients) {
      LM_ASSIGN_OR_RETURN(const Tensor dlogits, NewGradient(context, logits));
      LM_RETURN_IF_ERROR(CrossEntropyBackward({.logits = logits.tensor(),
                                               .targets = targets.tensor(),
                                               .dloss = gradients[0],
                                               .dlogits = dlogits},
                                              context.stream));
      return context.tape->Add(context, {{logits, dlogits}});
    });
  }
  return result;
}

absl::StatusOr<Value> Linear(OpContext& context, const Value& x, const Value& weight,
                             const Value& bias, const LinearOptions& options) {
  const Value& residual = options.residual;
  const bool recorded = IsRecorded(context, {&x, &weight, &bias, &residual});
  if (recorded && options.activation != Activation::kIdentity) {
    return LinearInSteps(context, x, weight, bias, options);
  }
  OperationScope operation(context, "linear", x, weight, bias, residual);
  operation.Multiplies(x.tensor().elements() * weight.dim(0));
  LM_ASSIGN_OR_RETURN(
      Tensor y, NewResult(context, x.tensor().dtype(), WithColumns(x.shape(), weight.dim(0))));
  LM_RETURN_IF_ERROR(localmamba::Linear({.x = Rows(x.tensor()),
                                         .weight = weight.tensor(),
                                         .bias = bias.tensor(),
                                         .activation = options.activation,
                                         .residual = Rows(residual.tensor()),
                                         .y = Rows(y)},
                                        context.stream));
  Value result(std::move(y));
  if (recorded) {
    context.tape->Record(
        {&result}, [x, weight, bias, residual](OpContext& context, Gradients gradients) {
          LM_ASSIGN_OR_RETURN(const Tensor dx, NewGradient(context, x));
          LM_ASSIGN_OR_RETURN(const Tensor dweight, NewParameterGradient(context, weight));
          LM_ASSIGN_OR_RETURN(const Tensor dbias, NewParameterGradient(context, bias));
          LM_RETURN_IF_ERROR(LinearBackward({.x = Rows(x.tensor()),
                                             .weight = weight.tensor(),
                                             .dy = Rows(gradients[0]),
                                             .dx = Rows(dx),
                                             .dweight = dweight,
                                             .dbias = dbias},
                                            context.stream));
          return context.tape->Add(
              context, {{x, dx}, {weight, dweight}, {bias, dbias}, {residual, gradients[0]}});
        });
  }
  return result;
}

}  // namespace localmamba::ops
