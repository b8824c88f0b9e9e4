#include "kernels/gemm/onednn_activation.h"

namespace localmamba {

void AppendActivation(Activation activation, dnnl::post_ops& ops) {
  switch (activation) {
    case Activation::kIdentity:
      break;
    case Activation::kSilu:
      ops.append_eltwise(1.0F, dnnl::algorithm::eltwise_swish, 1.0F, 0.0F);
      break;
    case Activation::kGelu:
      ops.append_eltwise(1.0F, dnnl::algorithm::eltwise_gelu_erf, 0.0F, 0.0F);
      break;
    case Activation::kSigmoid:
      ops.append_eltwise(1.0F, dnnl::algorithm::eltwise_logistic, 0.0F, 0.0F);
      break;
    case Activation::kRelu:
      ops.append_eltwise(1.0F, dnnl::algorithm::eltwise_relu, 0.0F, 0.0F);
      break;
  }
}

}  // namespace localmamba
