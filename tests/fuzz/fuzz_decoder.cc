#include "tests/fuzz/fuzz_decoder.h"

#include "kernels/base/check.h"

namespace localmamba {

void FuzzDecoder(Decoder decode, absl::Span<const uint8_t> bytes) {
  const auto allocator = CreateDeviceAllocator(Device::Cpu()).value();
  for (const int64_t wanted_short_side : {0, 1}) {
    const DecodeOptions options = {.limits = {.max_pixels = 1 << 16, .max_side = 4096},
                                   .wanted_short_side = wanted_short_side};
    const auto image = decode(bytes, options, *allocator);
    if (!image.ok()) {
      LM_CHECK(image.status().code() == absl::StatusCode::kInvalidArgument);
      continue;
    }
    LM_CHECK(image->source_height * image->source_width <= options.limits.max_pixels);
    LM_CHECK(image->pixels.dim(0) <= image->source_height);
    LM_CHECK(image->pixels.dim(1) <= image->source_width);
    LM_CHECK(MakeUpright(image->pixels, image->orientation, *allocator).ok());
  }
}

}  // namespace localmamba
