// An open PNG, for the decoders of pictures and of label maps. Internal to model/vision.
#ifndef LOCALMAMBA_MODEL_VISION_PNG_FILE_H_
#define LOCALMAMBA_MODEL_VISION_PNG_FILE_H_

#include <spng.h>

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "model/vision/decode.h"

namespace localmamba {

struct PngFile {
  std::unique_ptr<spng_ctx, void (*)(spng_ctx*)> context{nullptr, &spng_ctx_free};
  spng_ihdr header{};
};

// With the header read and its size checked, before any memory for pixels is taken; `bytes` outlive
// it. Errors: INVALID_ARGUMENT for another format, a size over `limits` or a file that is cut off;
// RESOURCE_EXHAUSTED.
absl::StatusOr<PngFile> OpenPng(absl::Span<const uint8_t> bytes, const DecodeLimits& limits);

// What an error of libspng, not 0, means.
absl::Status PngError(int error);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_VISION_PNG_FILE_H_
