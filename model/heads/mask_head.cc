#include "model/heads/mask_head.h"

#include "kernels/base/status_macros.h"
#include "model/autograd/operations.h"
#include "model/autograd/profiler.h"

namespace localmamba {

MaskHead::MaskHead(ParameterSet& parameters, const DetectionConfig& config)
    : channels_(config.channels),
      convs_(parameters, "roi_head.mask_head.convs.", config.mask_convs, config.channels,
             config.norm),
      upsample_(parameters, "roi_head.mask_head.upsample", config.channels, config.channels),
      logits_(parameters, "roi_head.mask_head.conv_logits", config.channels, config.num_classes, 1,
              MapConv::Bias::kZero, KaimingNormal(config.num_classes, 1)) {}

absl::Status MaskHead::Pack(OpContext& context) {
  LM_RETURN_IF_ERROR(convs_.Pack(context));
  LM_RETURN_IF_ERROR(upsample_.Pack(context));
  return logits_.Pack(context);
}

absl::StatusOr<Value> MaskHead::Forward(OpContext& context, const Pyramid& pyramid,
                                        const Value& boxes, const Value& classes,
                                        const Value& counts) const {
  const LayerScope layer(context, "roi_head.mask_head");
  constexpr int64_t kBins = kMaskSize / 2;
  const int64_t regions = boxes.dim(0) * boxes.dim(1);
  const auto maps = absl::MakeConstSpan(pyramid).first(pyramid.size() - 1);
  LM_ASSIGN_OR_RETURN(Value x, ops::RoiAlign(context, maps, boxes, counts, kBins));
  x = ops::Reshape(context, x, {regions, kBins, kBins, channels_});
  LM_ASSIGN_OR_RETURN(x, convs_.Forward(context, x));
  LM_ASSIGN_OR_RETURN(x, upsample_.Forward(context, x, Activation::kRelu));
  LM_ASSIGN_OR_RETURN(x, logits_.Forward(context, x));
  x = ops::Reshape(context, x, {regions, kMaskSize * kMaskSize, x.dim(3)});
  LM_ASSIGN_OR_RETURN(x, ops::SelectClass(context, x, ops::Reshape(context, classes, {regions})));
  return ops::Reshape(context, x, {boxes.dim(0), boxes.dim(1), kMaskSize, kMaskSize});
}

}  // namespace localmamba
