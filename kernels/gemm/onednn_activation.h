// An activation at the end of a oneDNN primitive.
#ifndef LOCALMAMBA_KERNELS_GEMM_ONEDNN_ACTIVATION_H_
#define LOCALMAMBA_KERNELS_GEMM_ONEDNN_ACTIVATION_H_

#include <dnnl.hpp>

#include "kernels/elementwise/activation.h"

namespace localmamba {

// Nothing for the identity. Throws what oneDNN throws: call inside RunOneDnn.
void AppendActivation(Activation activation, dnnl::post_ops& ops);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_GEMM_ONEDNN_ACTIVATION_H_
