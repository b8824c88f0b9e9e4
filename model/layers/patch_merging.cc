#include "model/layers/patch_merging.h"

#include "kernels/base/status_macros.h"

namespace localmamba {

PatchMerging::PatchMerging(ParameterSet& parameters, const std::string& prefix, int64_t in,
                           int64_t out)
    : reduction_(parameters, prefix + "reduction", 4 * in, out, LinearLayer::Bias::kNone),
      norm_(parameters, prefix + "norm", 4 * in) {}

absl::Status PatchMerging::Pack(OpContext& context) {
  LM_RETURN_IF_ERROR(reduction_.Pack(context, context.dtype));
  return norm_.Pack(context);
}

absl::StatusOr<Value> PatchMerging::Forward(OpContext& context, const Value& x) const {
  LM_ASSIGN_OR_RETURN(const Value cells, ops::SpaceToDepth(context, x));
  LM_ASSIGN_OR_RETURN(const Value normed, norm_.Forward(context, cells));
  return reduction_.Forward(context, normed);
}

}  // namespace localmamba
