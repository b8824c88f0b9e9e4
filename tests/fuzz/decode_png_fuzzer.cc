#include "tests/fuzz/fuzz_decoder.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/support/images.h"

namespace localmamba {

std::vector<Bytes> FuzzSeeds() {
  TestImage indices{2, 4, 1, {0, 1, 2, 3, 3, 2, 1, 0}};
  return {EncodePng(MakeImage(9, 13)), EncodePng(MakeImage(9, 13, 4), {.bit_depth = 16}),
          EncodePng(MakeImage(9, 13, 2), {.interlaced = true}),
          EncodePng(MakeImage(9, 13, 1), {.exif = MakeExif(6, true)}),
          EncodePng(indices, {.bit_depth = 2, .palette = {{1, 2, 3}, {4, 5, 6}, {7, 8, 9}, {}}})};
}

}  // namespace localmamba

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  localmamba::FuzzDecoder(&localmamba::DecodePng, {data, size});
  // Nearly every mutation breaks a checksum; what lies behind them is reached with right ones.
  localmamba::Bytes repaired(data, data + size);
  localmamba::RepairPngChecksums(repaired);
  localmamba::FuzzDecoder(&localmamba::DecodePng, repaired);
  return 0;
}
