#include "tests/fuzz/fuzz_decoder.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/support/images.h"

namespace localmamba {

std::vector<Bytes> FuzzSeeds() {
  const TestImage image = MakeImage(19, 33);
  return {EncodeJpeg(image),
          EncodeJpeg(image, {.subsampled = true}),
          EncodeJpeg(image, {.quality = 50, .progressive = true}),
          EncodeJpeg(MakeImage(19, 33, 1)),
          EncodeJpeg(MakeImage(19, 33, 4)),
          WithExif(EncodeJpeg(MakeImage(3, 2)), MakeExif(6))};
}

}  // namespace localmamba

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  localmamba::FuzzDecoder(&localmamba::DecodeJpeg, {data, size});
  return 0;
}
