// Which registered variant a weights file is of.
#ifndef LOCALMAMBA_MODEL_NETWORKS_RECOGNIZE_VARIANT_H_
#define LOCALMAMBA_MODEL_NETWORKS_RECOGNIZE_VARIANT_H_

#include <string>
#include <vector>

#include "model/weights/host_tensor.h"

namespace localmamba {

// The variants whose parameters have exactly the names and shapes of `tensors`, in the order of
// VariantNames(); buffers (rope.*) may be missing. There may be several: variants that differ only
// in their scan directions have equal parameters.
std::vector<std::string> FittingVariants(const NamedTensors& tensors);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_NETWORKS_RECOGNIZE_VARIANT_H_
