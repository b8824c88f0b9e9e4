#include "kernels/elementwise/scale_images.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/backend.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

struct ScaleImagesCase {
  std::string name;
  int64_t B, N;
  int64_t gap = 0;
};

class ScaleImagesTest : public BackendTest<ScaleImagesCase> {};

TEST_P(ScaleImagesTest, MultipliesEachImageAlsoInPlace) {
  const ScaleImagesCase& c = test_case();
  TestTensor x = TestTensor::Random({c.B, c.N}, 1, -1, 1, c.gap);
  TestTensor factor = TestTensor::Random({c.B}, 2, 0, 2);
  TestTensor y({c.B, c.N}, c.gap);
  const TensorView x_view = Data(x);
  std::vector<double> expected = x.values();
  const std::vector<double> factors = factor.values();
  for (size_t i = 0; i < expected.size(); ++i) {
    expected[i] *= factors[i / static_cast<size_t>(c.N)];
  }

  ASSERT_TRUE(ScaleImages(x_view, Float32(factor), Data(y), stream()).ok());
  ASSERT_TRUE(Fetch(ScaleImages(x_view, Float32(factor), x_view, stream())));

  ExpectNear(y.values(), expected, 2.4e-7, Roundoff());  // one rounding
  EXPECT_EQ(x.values(), y.values());
  EXPECT_TRUE(y.GapsAreUntouched());
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, ScaleImagesTest,
    ::testing::Combine(::testing::ValuesIn(Backends()),
                       ::testing::Values(ScaleImagesCase{"OneElement", 1, 1},
                                         ScaleImagesCase{"OddSizes", 5, 33, 3},
                                         ScaleImagesCase{"FullVectors", 3, 4096, 8},
                                         ScaleImagesCase{"LongImages", 2, 100001})),
    BackendCaseName);

TEST(ScaleImagesTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor x({2, 5});
  TestTensor factor({5});
  const absl::Status status = ScaleImages(x.view(), factor.view(), x.view(), stream);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("scale_images: \"factor\" is f32[5] on cpu, wanted f32[2] on cpu"));
}

}  // namespace
}  // namespace localmamba
