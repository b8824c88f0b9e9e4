#include "tests/fuzz/fuzz_decoder.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/support/images.h"

namespace localmamba {

std::vector<Bytes> FuzzSeeds() {
  const TestImage image = MakeImage(19, 33);
  const TestImage alpha = MakeImage(19, 33, 4);
  return {EncodeWebp(image), EncodeWebp(image, {.lossless = false}), EncodeWebp(alpha),
          EncodeWebp(alpha, {.lossless = false}), EncodeWebp(image, {.exif = MakeExif(6)})};
}

}  // namespace localmamba

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // DecodeWebp is only called with what begins as WebP does.
  if (!localmamba::IsWebp({data, size})) return 0;
  localmamba::FuzzDecoder(&localmamba::DecodeWebp, {data, size});
  return 0;
}
