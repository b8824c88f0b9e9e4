// The registered models of the paper and the official code (reference §1), by name.
#ifndef LOCALMAMBA_MODEL_NETWORKS_VARIANTS_H_
#define LOCALMAMBA_MODEL_NETWORKS_VARIANTS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "model/networks/network_config.h"

namespace localmamba {

// local_vim_tiny, local_vim_tiny_middle_cls_token, local_vim_tiny_wo_search, local_vim_small,
// local_vim_small_wo_search, local_vim_tiny_search, local_vssm_tiny, local_vssm_small,
// local_vssm_tiny_search, local_vssm_small_search.
std::vector<std::string> VariantNames();

// Errors: NOT_FOUND naming the variant and those that exist.
absl::StatusOr<NetworkConfig> VariantConfig(absl::string_view name);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_NETWORKS_VARIANTS_H_
