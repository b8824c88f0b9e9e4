// Networks with heads.
#ifndef LOCALMAMBA_MODEL_HEADS_CREATE_MODEL_H_
#define LOCALMAMBA_MODEL_HEADS_CREATE_MODEL_H_

#include <memory>

#include "absl/status/statusor.h"
#include "model/heads/head_config.h"
#include "model/networks/network.h"

namespace localmamba {

// The network with its head; without one, that of CreateNetwork. Under a head the backbone's
// parameters have the prefix "backbone.". Errors: those of Validate of both configurations.
absl::StatusOr<std::unique_ptr<Network>> CreateModel(const NetworkConfig& network,
                                                     const HeadConfig& head);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_HEADS_CREATE_MODEL_H_
