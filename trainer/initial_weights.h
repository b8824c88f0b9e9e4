// The weights that training starts from.
#ifndef LOCALMAMBA_TRAINER_INITIAL_WEIGHTS_H_
#define LOCALMAMBA_TRAINER_INITIAL_WEIGHTS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "kernels/device/buffer.h"
#include "model/networks/network.h"

namespace localmamba::trainer {

// Fills the parameters of `network`, made from `config`: from the safetensors or PyTorch file at
// `path`, or as before training, with random numbers of `seed`, if it is "". memory: of the CPU,
// outlives them. Errors: those of reading the file, naming it; INVALID_ARGUMENT listing what does
// not fit the network.
absl::Status FillInitialWeights(const std::string& path, int64_t seed, const NetworkConfig& config,
                                Network& network, Allocator& memory);

}  // namespace localmamba::trainer

#endif  // LOCALMAMBA_TRAINER_INITIAL_WEIGHTS_H_
