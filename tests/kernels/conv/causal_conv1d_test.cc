#include "kernels/conv/causal_conv1d.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <tuple>

#include "kernels/scan/scan_order.h"
#include "tests/reference/causal_conv1d.h"
#include "tests/support/backend.h"
#include "tests/support/golden.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

struct ConvCase {
  std::string name;
  int64_t batch, height, width, channels;
  int64_t taps = 4;
  std::vector<std::string> directions = {""};  // "" has no map
  int64_t gap = 0;                             // between the rows of x and weight
  bool bias = true;
  Activation activation = Activation::kSilu;
};

void PrintTo(const ConvCase& conv_case, std::ostream* out) { *out << conv_case.name; }

struct Direction {
  Direction(const ConvCase& c, const std::string& name, uint32_t seed)
      : x(TestTensor::Random({c.batch, c.height * c.width, c.channels}, seed, -1, 1, c.gap)),
        weight(TestTensor::Random({c.channels, c.taps}, seed + 1, -1, 1, c.gap)),
        bias(c.bias ? TestTensor::Random({c.channels}, seed + 2) : TestTensor()) {
    if (!name.empty()) {
      read = MakeScanOrder(*ScanDirection::Parse(name), c.height, c.width, VerticalReverse::kExact)
                 .read;
    }
    const int64_t length = read.empty() ? c.height * c.width : static_cast<int64_t>(read.size());
    u = TestTensor({c.batch, length, c.channels});
  }

  CausalConv1dDirection Args() {
    CausalConv1dDirection args{
        .x = x.view(), .weight = weight.view(), .bias = bias.view(), .u = u.view()};
    if (!read.empty()) {
      args.read = {read.data(), DType::kInt32, {static_cast<int64_t>(read.size())}};
    }
    return args;
  }

  TestTensor x, weight, bias, u;
  std::vector<int32_t> read;
};

class CausalConv1dTest : public BackendTest<ConvCase> {};

TEST_P(CausalConv1dTest, AgreesWithReference) {
  const ConvCase& c = test_case();
  std::vector<Direction> directions;
  std::vector<CausalConv1dDirection> args;
  for (const std::string& name : c.directions) {
    directions.emplace_back(c, name, static_cast<uint32_t>(100 * directions.size()));
  }
  for (Direction& direction : directions) {
    args.push_back({.x = Data(direction.x),
                    .read = Indices(direction.read),
                    .weight = Float32(direction.weight),
                    .bias = Float32(direction.bias),
                    .u = Data(direction.u)});
  }

  ASSERT_TRUE(Fetch(CausalConv1d(args, c.activation, stream())));

  for (const Direction& direction : directions) {
    // The sum of at most 9 terms below 1 rounds by 9 * 2^-24 of 9 at most, and SiLU, whose slope is
    // below 1.1, adds 2^-21 of the result.
    ExpectNear(
        direction.u.values(),
        reference::CausalConv1d(direction.x.values(), direction.read, direction.weight.values(),
                                direction.bias.values(), c.activation, static_cast<size_t>(c.batch),
                                static_cast<size_t>(c.height * c.width),
                                static_cast<size_t>(c.channels), static_cast<size_t>(c.taps)),
        5e-6, Roundoff());
  }
}

INSTANTIATE_TEST_SUITE_P(
    AllBackends, CausalConv1dTest,
    testing::Combine(
        testing::ValuesIn(BackendsAndInstructionSets()),
        testing::Values(
            ConvCase{"OneOfEverything", 1, 1, 1, 1, 1},
            ConvCase{"ShorterThanTheKernel", 2, 1, 2, 17}, ConvCase{"FullVectors", 1, 5, 5, 64},
            ConvCase{"TwoTaps", 1, 3, 5, 9, 2}, ConvCase{"ThreeTaps", 1, 3, 5, 9, 3},
            ConvCase{"FiveTaps", 1, 3, 5, 9, 5}, ConvCase{"SixTaps", 1, 3, 5, 9, 6},
            ConvCase{"SevenTaps", 1, 3, 5, 9, 7}, ConvCase{"EightTaps", 1, 3, 5, 9, 8},
            ConvCase{"DirectionsOfDifferentLengths",
                     2,
                     5,
                     7,
                     33,
                     4,
                     {"h", "h_flip", "v", "v_flip", "w2", "w2_flip", "w3", "w7_flip"}},
            ConvCase{"DirectionsOfVeryDifferentLengths", 2, 5, 5, 17, 4, {"h", "w11", "v"}},
            ConvCase{"StridedRows", 2, 3, 4, 21, 4, {"w5", "v"}, 7},
            ConvCase{"NoBias", 1, 4, 4, 18, 4, {"w3"}, 0, false},
            ConvCase{"NoActivation", 1, 4, 4, 18, 4, {"h"}, 0, true, Activation::kIdentity},
            ConvCase{"Gelu", 1, 4, 4, 18, 4, {"h"}, 0, true, Activation::kGelu},
            ConvCase{"Sigmoid", 1, 4, 4, 18, 4, {"h"}, 0, true, Activation::kSigmoid},
            ConvCase{"LayerOfANetwork", 2, 14, 14, 192, 4, {"h", "v_flip", "w7", "w7_flip"}, 192})),
    BackendCaseName);

class CausalConv1dGoldenTest : public testing::TestWithParam<nlohmann::json> {};

TEST_P(CausalConv1dGoldenTest, EqualsOfficialValues) {
  const auto golden = LoadGoldenTensors(FindGoldenFile(GetParam().at("file").get<std::string>()));
  ASSERT_TRUE(golden.ok()) << golden.status();
  const GoldenTensor& stored = golden->at("x");  // channels before positions
  const std::vector<float> x = SwapLastTwoDimensions(stored);
  const Shape shape = {stored.shape[0], stored.shape[2], stored.shape[1]};
  GoldenTensor expected = golden->at("out");
  expected.f32 = SwapLastTwoDimensions(expected);
  std::vector<float> u(x.size());
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  const absl::Status status =
      CausalConv1d({{.x = {x.data(), DType::kFloat32, shape},
                     .weight = golden->at("weight").view().Reshape({shape[2], 4}),
                     .bias = golden->at("bias").view(),
                     .u = {u.data(), DType::kFloat32, shape}}},
                   Activation::kSilu, stream);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_TRUE(MatchesGolden(u, expected, GetParam().at("tolerance").at("forward").get<double>()));
}

INSTANTIATE_TEST_SUITE_P(Golden, CausalConv1dGoldenTest,
                         testing::ValuesIn(GoldenCases("causal_conv1d_silu")),
                         [](const auto& info) {
                           return info.param.at("id").template get<std::string>();
                         });

struct ErrorCase {
  std::string name;
  std::function<void(CausalConv1dDirection&)> spoil;
  std::string message;  // a fragment
};

void PrintTo(const ErrorCase& error_case, std::ostream* out) { *out << error_case.name; }

class CausalConv1dErrorTest : public testing::TestWithParam<ErrorCase> {};

// The second of two directions is spoilt.
TEST_P(CausalConv1dErrorTest, NamesTheArgument) {
  const ConvCase c{"", 2, 2, 3, 5};
  Direction good(c, "w2", 1);
  Direction bad(c, "w2", 2);
  std::vector<CausalConv1dDirection> args = {good.Args(), bad.Args()};
  GetParam().spoil(args[1]);
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  const absl::Status status = CausalConv1d(args, Activation::kSilu, stream);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("direction 1: causal_conv1d: " + GetParam().message));
}

using Args = CausalConv1dDirection;
INSTANTIATE_TEST_SUITE_P(
    Arguments, CausalConv1dErrorTest,
    testing::Values(ErrorCase{"MissingX", [](Args& s) { s.x = {}; }, "\"x\""},
                    ErrorCase{"OtherBatch", [](Args& s) { s.x = s.x.Slice(0, 0, 1); }, "\"x\""},
                    ErrorCase{"Width", [](Args& s) { s.weight = s.weight.Slice(1, 0, 3); },
                              "\"weight\""},
                    ErrorCase{"Bias", [](Args& s) { s.bias = s.bias.Slice(0, 0, 3); }, "\"bias\""},
                    ErrorCase{"TypeOfRead", [](Args& s) { s.read = s.bias; }, "\"read\""},
                    ErrorCase{"LengthOfU", [](Args& s) { s.read = {}; },
                              "\"u\" is f32[2,8,5] on cpu, wanted f32[2,6,5] on cpu"}),
    [](const auto& info) { return info.param.name; });

TEST(CausalConv1dErrorTest, RejectsWidthsAndCountsBeyondTheLimits) {
  Direction direction({"", 1, 1, 3, 2, 9}, "", 1);
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  const absl::Status width = CausalConv1d({direction.Args()}, Activation::kSilu, stream);
  EXPECT_EQ(width.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(width.message()),
              HasSubstr("\"weight\" is f32[2,9] on cpu, wanted a width of 1 to 8"));

  const std::vector<CausalConv1dDirection> many(kMaxScanDirections + 1, direction.Args());
  EXPECT_EQ(CausalConv1d(many, Activation::kSilu, stream).code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(CausalConv1d({}, Activation::kSilu, stream).code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace localmamba
