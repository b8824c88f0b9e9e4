#include "model/heads/sliding_engine.h"

#include <algorithm>

#include "absl/time/clock.h"
#include "kernels/base/status_macros.h"
#include "model/heads/segment_image.h"
#include "model/weights/host_tensor.h"

namespace localmamba {

absl::StatusOr<EngineOutput> SlidingEngine::Run(const ConstTensorView& input,
                                                const ConstTensorView& /*sizes*/) {
  const absl::Time begin = absl::Now();
  LM_ASSIGN_OR_RETURN(Stream stream, Stream::Create(Device::Cpu()));
  EngineOutput output;
  for (int64_t i = 0; i < input.dim(0); ++i) {
    LM_ASSIGN_OR_RETURN(const Tensor logits,
                        SegmentInput(*windows_, input.Slice(0, i, i + 1), config_, stream));
    if (input.dim(0) == 1) {
      output.logits = logits;
      break;
    }
    if (i == 0) {
      LM_ASSIGN_OR_RETURN(output.logits,
                          AllocateHostTensor(DType::kFloat32, {input.dim(0), logits.dim(1),
                                                               logits.dim(2), logits.dim(3)}));
    }
    std::copy_n(logits.data<float>(), logits.elements(), output.logits.Select(0, i).data<float>());
  }
  output.compute_time = absl::Now() - begin;
  return output;
}

absl::StatusOr<EngineOutput> SlidingEngine::Segment(const ConstTensorView& input,
                                                    const LabelMapRequest& request) {
  LM_ASSIGN_OR_RETURN(EngineOutput output, Run(input, request.sizes));
  LM_ASSIGN_OR_RETURN(Stream stream, Stream::Create(Device::Cpu()));
  LM_ASSIGN_OR_RETURN(output.label_maps, MakeLabelMaps(output.logits, input, request, stream));
  output.logits = {};
  return output;
}

}  // namespace localmamba
