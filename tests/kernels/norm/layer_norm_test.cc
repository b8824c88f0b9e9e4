#include "kernels/norm/layer_norm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/reference/layer_norm.h"
#include "tests/support/backend.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

struct LayerNormCase {
  std::string name;
  int64_t M, D;
  int64_t gap = 0;
  bool affine = true;
  bool gate = false;
  bool in_place = false;
  bool float32_x = false;  // whatever the dtype of y
};

class LayerNormTest : public BackendTest<LayerNormCase> {};

TEST_P(LayerNormTest, AgreesWithReference) {
  const LayerNormCase& c = test_case();
  // A mean far from 0 would show a variance computed as mean square minus squared mean.
  TestTensor x = TestTensor::Random({c.M, c.D}, 1, 9, 11, c.gap);
  TestTensor weight = c.affine ? TestTensor::Random({c.D}, 2) : TestTensor();
  TestTensor bias = c.affine ? TestTensor::Random({c.D}, 3) : TestTensor();
  TestTensor z = c.gate ? TestTensor::Random({c.M, c.D}, 4, -8, 8, c.gap) : TestTensor();
  TestTensor y({c.M, c.D}, c.gap);
  TestTensor& result = c.in_place ? x : y;
  const LayerNormArgs args = {.x = c.float32_x ? Float32(x) : Data(x),
                              .weight = Float32(weight),
                              .bias = Float32(bias),
                              .z = Data(z),
                              .y = Data(result)};
  const std::vector<double> expected = reference::LayerNorm(
      x.values(), weight.values(), bias.values(), z.values(), 1e-5, static_cast<size_t>(c.D));

  ASSERT_TRUE(Fetch(LayerNorm(args, stream())));

  // The mean, 10, may be off by a few eps of 10 (1.2e-6 each) where a sum has only one
  // accumulator; 1/sigma is 1.7, and the gate up to 8.
  ExpectNear(result.values(), expected, c.gate ? 8e-5 : 1e-5, Roundoff());
  EXPECT_TRUE(result.GapsAreUntouched());
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, LayerNormTest,
    ::testing::Combine(
        ::testing::ValuesIn(BackendsAndInstructionSets()),
        ::testing::Values(
            LayerNormCase{.name = "OneColumn", .M = 3, .D = 1},
            LayerNormCase{.name = "OneRow", .M = 1, .D = 17},
            LayerNormCase{.name = "OddColumns", .M = 33, .D = 33},
            LayerNormCase{.name = "WithoutWeights", .M = 17, .D = 96, .affine = false},
            LayerNormCase{.name = "Gated", .M = 49, .D = 193, .gate = true},
            LayerNormCase{.name = "GatedStridedRowsInPlace",
                          .M = 17,
                          .D = 100,
                          .gap = 5,
                          .gate = true,
                          .in_place = true},
            LayerNormCase{.name = "Width96", .M = 100, .D = 96},
            LayerNormCase{.name = "Width192Gated", .M = 49, .D = 192, .gap = 192, .gate = true},
            LayerNormCase{.name = "Width384InPlace", .M = 33, .D = 384, .in_place = true},
            LayerNormCase{.name = "Width768OfFloat32", .M = 17, .D = 768, .float32_x = true},
            LayerNormCase{.name = "Width1536", .M = 2, .D = 1536},
            LayerNormCase{.name = "Width3072", .M = 2, .D = 3072})),
    BackendCaseName);

TEST(LayerNormTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor x({5, 7});
  TestTensor y({5, 7});
  TestTensor other({5, 6});
  const auto message = [&](const LayerNormArgs& args) {
    const absl::Status status = LayerNorm(args, stream);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_THAT(message({.x = other.view(), .y = y.view()}),
              HasSubstr("layer_norm: \"x\" is f32[5,6] on cpu, wanted f32[5,7] on cpu"));
  EXPECT_THAT(message({.x = x.view(), .weight = x.view(), .y = y.view()}), HasSubstr("\"weight\""));
  EXPECT_THAT(message({.x = x.view(), .bias = x.view(), .y = y.view()}), HasSubstr("\"bias\""));
  EXPECT_THAT(message({.x = x.view(), .z = other.view(), .y = y.view()}), HasSubstr("\"z\""));
  EXPECT_THAT(message({.x = x.view()}), HasSubstr("\"y\""));
}

}  // namespace
}  // namespace localmamba
