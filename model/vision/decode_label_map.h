// Decodes label maps: PNG images whose samples are class numbers, as segmentation data sets have
// them.
#ifndef LOCALMAMBA_MODEL_VISION_DECODE_LABEL_MAP_H_
#define LOCALMAMBA_MODEL_VISION_DECODE_LABEL_MAP_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "kernels/device/buffer.h"
#include "kernels/tensor/tensor.h"
#include "model/vision/decode.h"

namespace localmamba {

// (H, W), u8, as stored: the samples of a grey PNG with 8 bits, or the indices into the palette,
// whose colours do not matter, of one with 8 or fewer. Errors: those of DecodeImage;
// INVALID_ARGUMENT also for other kinds of PNG.
absl::StatusOr<Tensor> DecodeLabelMap(absl::Span<const uint8_t> bytes, const DecodeLimits& limits,
                                      Allocator& allocator);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_VISION_DECODE_LABEL_MAP_H_
