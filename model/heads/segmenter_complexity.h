// Parameters and multiply-accumulate operations of a segmenter, by its parts.
#ifndef LOCALMAMBA_MODEL_HEADS_SEGMENTER_COMPLEXITY_H_
#define LOCALMAMBA_MODEL_HEADS_SEGMENTER_COMPLEXITY_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "model/heads/head_config.h"
#include "model/networks/complexity.h"

namespace localmamba {

// For one input of height x width pixels: the layers of the backbone (CountComplexity), then the
// parts of "decode_head", in which convolutions are counted; so the official figure is that of the
// backbone with the same added. The auxiliary head has parameters and does nothing when serving.
// Errors: those of Validate of both configurations and of CountComplexity.
absl::StatusOr<Complexity> CountSegmenterComplexity(const NetworkConfig& backbone,
                                                    const SegmentationConfig& config,
                                                    int64_t height, int64_t width);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_HEADS_SEGMENTER_COMPLEXITY_H_
