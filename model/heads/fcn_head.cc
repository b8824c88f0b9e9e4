#include "model/heads/fcn_head.h"

#include "kernels/base/status_macros.h"
#include "model/autograd/profiler.h"
#include "model/heads/uper_head.h"

namespace localmamba {

FcnHead::FcnHead(ParameterSet& parameters, const std::string& prefix, int64_t in, int64_t channels,
                 int64_t num_classes)
    : conv_seg_(parameters, prefix + "conv_seg", channels, num_classes, /*kernel=*/1,
                MapConv::Bias::kZero, kSegmentationInit),
      conv_(parameters, prefix + "convs.0", in, channels, /*kernel=*/3) {}

absl::Status FcnHead::Pack(OpContext& context) {
  LM_RETURN_IF_ERROR(conv_seg_.Pack(context));
  return conv_.Pack(context);
}

absl::StatusOr<Value> FcnHead::Forward(OpContext& context, const Value& map) const {
  const LayerScope layer(context, "auxiliary_head");
  LM_ASSIGN_OR_RETURN(const Value x, conv_.Forward(context, map));
  return conv_seg_.Forward(context, x);
}

}  // namespace localmamba
