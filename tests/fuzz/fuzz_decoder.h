// The body that the fuzz targets of the image decoders share.
#ifndef LOCALMAMBA_TESTS_FUZZ_FUZZ_DECODER_H_
#define LOCALMAMBA_TESTS_FUZZ_FUZZ_DECODER_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "model/vision/decode_formats.h"

namespace localmamba {

using Decoder = absl::StatusOr<StoredImage> (*)(absl::Span<const uint8_t> bytes,
                                                const DecodeOptions& options, Allocator& allocator);

// Decodes in full and reduced, with limits that keep one input to milliseconds. Aborts unless the
// outcome is INVALID_ARGUMENT or an image of a size that keeps its limits.
void FuzzDecoder(Decoder decode, absl::Span<const uint8_t> bytes);

}  // namespace localmamba

#endif  // LOCALMAMBA_TESTS_FUZZ_FUZZ_DECODER_H_
