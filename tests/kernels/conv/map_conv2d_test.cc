#include "kernels/conv/map_conv2d.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "tests/reference/map_conv2d.h"
#include "tests/support/backend.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

struct MapConv2dCase {
  std::string name;
  Shape x;       // B, H, W, C
  Shape weight;  // O, kh, kw, C
  MapConv2dWindow window = {};
  Activation activation = Activation::kIdentity;
  bool bias = true;
};

class MapConv2dTest : public BackendTest<MapConv2dCase> {};

TEST_P(MapConv2dTest, AgreesWithReferenceEachTimeItRuns) {
  const MapConv2dCase& c = test_case();
  TestTensor x = TestTensor::Random(c.x, 1);
  TestTensor weight = TestTensor::Random(c.weight, 2);
  TestTensor bias = c.bias ? TestTensor::Random({c.weight[0]}, 3) : TestTensor();
  const int64_t Ho = OutputExtent(c.window, c.x[1], c.weight[1]);
  const int64_t Wo = OutputExtent(c.window, c.x[2], c.weight[2]);
  TestTensor y({c.x[0], Ho, Wo, c.weight[0]});
  TestTensor again({c.x[0], Ho, Wo, c.weight[0]});
  MapConv2dArgs args = {.x = Data(x),
                        .weight = Data(weight),
                        .bias = Float32(bias),
                        .window = c.window,
                        .activation = c.activation,
                        .y = Data(y)};

  ASSERT_TRUE(MapConv2d(args, stream()).ok());
  args.y = Data(again);
  ASSERT_TRUE(Fetch(MapConv2d(args, stream())));

  EXPECT_EQ(y.values(), again.values());
  const auto taps = static_cast<double>(c.weight.elements() / c.weight[0]);
  ExpectNear(y.values(),
             reference::MapConv2d(x.values(), c.x, weight.values(), c.weight, bias.values(),
                                  c.window, c.activation, Ho, Wo),
             1.2e-7 * taps + 1e-6 + 1.2 * Roundoff() * (1 + 2 * std::sqrt(taps)),
             Roundoff());  // a sum of `taps` products, see linear_test.cc
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, MapConv2dTest,
    ::testing::Combine(::testing::ValuesIn(Backends()),
                       ::testing::Values(MapConv2dCase{.name = "OneCell",
                                                       .x = {1, 1, 1, 1},
                                                       .weight = {1, 1, 1, 1}},
                                         MapConv2dCase{.name = "OneByOne",
                                                       .x = {2, 5, 7, 19},
                                                       .weight = {7, 1, 1, 19},
                                                       .activation = Activation::kRelu},
                                         MapConv2dCase{.name = "ThreeByThree",
                                                       .x = {2, 7, 9, 33},
                                                       .weight = {17, 3, 3, 33},
                                                       .window = {.pad = 1},
                                                       .activation = Activation::kRelu},
                                         MapConv2dCase{.name = "ThreeByThreeOfWholeVectors",
                                                       .x = {1, 12, 10, 64},
                                                       .weight = {32, 3, 3, 64},
                                                       .window = {.pad = 1},
                                                       .bias = false},
                                         MapConv2dCase{.name = "MapSmallerThanTheKernel",
                                                       .x = {1, 1, 2, 5},
                                                       .weight = {3, 3, 3, 5},
                                                       .window = {.pad = 1}},
                                         MapConv2dCase{.name = "Dilated",
                                                       .x = {1, 11, 8, 16},
                                                       .weight = {16, 3, 3, 16},
                                                       .window = {.pad = 2, .dilation = 2},
                                                       .activation = Activation::kSilu},
                                         MapConv2dCase{.name = "StridedOfAnUnevenKernel",
                                                       .x = {1, 9, 8, 3},
                                                       .weight = {4, 3, 2, 3},
                                                       .window = {.stride = 2, .pad = 1},
                                                       .activation = Activation::kGelu},
                                         MapConv2dCase{.name = "ManyChannels",
                                                       .x = {1, 4, 5, 600},
                                                       .weight = {24, 3, 3, 600},
                                                       .window = {.pad = 1}})),
    BackendCaseName);

TEST(MapConv2dTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor x({1, 8, 8, 3});
  TestTensor weight({5, 4, 4, 3});
  TestTensor y({1, 2, 2, 5});
  const auto message = [&](const MapConv2dArgs& args) {
    const absl::Status status = MapConv2d(args, stream);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  const MapConv2dArgs args = {.x = x.view(), .weight = weight.view(), .y = y.view()};
  EXPECT_THAT(message(args),
              HasSubstr("map_conv2d: \"y\" is f32[1,2,2,5] on cpu, wanted f32[1,5,5,5] on cpu"));
  MapConv2dArgs wrong = args;
  wrong.window.stride = 0;
  EXPECT_THAT(message(wrong), HasSubstr("stride 0"));
  wrong.window = {.pad = -1};
  EXPECT_THAT(message(wrong), HasSubstr("padding -1"));
  wrong.window = {.dilation = 3};
  EXPECT_THAT(message(wrong), HasSubstr("a kernel no larger than the padded x"));
  TestTensor other({1, 8, 8, 4});
  wrong = args;
  wrong.x = other.view();
  EXPECT_THAT(message(wrong),
              HasSubstr("\"weight\" is f32[5,4,4,3] on cpu, wanted f32[-1,-1,-1,4]"));
}

}  // namespace
}  // namespace localmamba
