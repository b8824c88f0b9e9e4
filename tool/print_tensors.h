// The list of tensors that `forward` ends with.
#ifndef LOCALMAMBA_TOOL_PRINT_TENSORS_H_
#define LOCALMAMBA_TOOL_PRINT_TENSORS_H_

#include <cstdio>

#include "model/weights/host_tensor.h"

namespace localmamba::tool {

// Name and shape of each, to standard output.
inline void PrintTensors(const NamedTensors& tensors) {
  for (const auto& [name, tensor] : tensors) {
    std::printf("%s %s\n", name.c_str(), tensor.shape().ToString().c_str());
  }
}

}  // namespace localmamba::tool

#endif  // LOCALMAMBA_TOOL_PRINT_TENSORS_H_
