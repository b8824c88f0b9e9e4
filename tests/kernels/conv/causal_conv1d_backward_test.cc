#include "kernels/conv/causal_conv1d_backward.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <tuple>

#include "kernels/scan/scan_order.h"
#include "tests/reference/causal_conv1d.h"
#include "tests/reference/causal_conv1d_backward.h"
#include "tests/support/backend.h"
#include "tests/support/finite_difference.h"
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
  int64_t gap = 0;                             // between the rows of all tensors
  bool bias = true;
  Activation activation = Activation::kSilu;
};

void PrintTo(const ConvCase& conv_case, std::ostream* out) { *out << conv_case.name; }

struct Direction {
  Direction(const ConvCase& c, const std::string& name, uint32_t seed)
      : x(TestTensor::Random({c.batch, c.height * c.width, c.channels}, seed, -1, 1, c.gap)),
        weight(TestTensor::Random({c.channels, c.taps}, seed + 1, -1, 1, c.gap)),
        bias(c.bias ? TestTensor::Random({c.channels}, seed + 2) : TestTensor()),
        dx({c.batch, c.height * c.width, c.channels}, c.gap),
        dweight({c.channels, c.taps}, c.gap),
        dbias({c.channels}) {
    if (!name.empty()) {
      read = MakeScanOrder(*ScanDirection::Parse(name), c.height, c.width, VerticalReverse::kExact)
                 .read;
    }
    const int64_t length = read.empty() ? c.height * c.width : static_cast<int64_t>(read.size());
    du = TestTensor::Random({c.batch, length, c.channels}, seed + 3, -1, 1, c.gap);
  }

  CausalConv1dBackwardDirection Args() {
    CausalConv1dBackwardDirection args{.x = x.view(),
                                       .weight = weight.view(),
                                       .bias = bias.view(),
                                       .du = du.view(),
                                       .dx = dx.view(),
                                       .dweight = dweight.view(),
                                       .dbias = dbias.view()};
    if (!read.empty()) {
      args.read = {read.data(), DType::kInt32, {static_cast<int64_t>(read.size())}};
    }
    return args;
  }

  [[nodiscard]] reference::CausalConv1dGradients Reference(const ConvCase& c) const {
    return reference::CausalConv1dBackward(
        x.values(), read, weight.values(), bias.values(), c.activation, du.values(),
        static_cast<size_t>(c.batch), static_cast<size_t>(c.height * c.width),
        static_cast<size_t>(c.channels), static_cast<size_t>(c.taps));
  }

  TestTensor x, weight, bias, du, dx, dweight, dbias;
  std::vector<int32_t> read;
};

TEST(CausalConv1dBackwardReferenceTest, EqualsFiniteDifferences) {
  for (const Activation activation :
       {Activation::kIdentity, Activation::kSilu, Activation::kGelu, Activation::kSigmoid}) {
    const ConvCase c{"", 2, 3, 4, 3, 3, {"w3"}, 0, true, activation};
    Direction direction(c, "w3", 1);
    const reference::CausalConv1dGradients g = direction.Reference(c);
    std::vector<double> x = direction.x.values();
    std::vector<double> weight = direction.weight.values();
    std::vector<double> bias = direction.bias.values();
    const auto loss = [&] {
      return Dot(direction.du.values(),
                 reference::CausalConv1d(x, direction.read, weight, bias, activation, 2, 12, 3, 3));
    };
    ExpectGradient(g.dx, x, loss);
    ExpectGradient(g.dweight, weight, loss);
    ExpectGradient(g.dbias, bias, loss);
  }
}

class CausalConv1dBackwardTest : public BackendTest<ConvCase> {
 protected:
  CausalConv1dBackwardDirection OnDevice(Direction& direction) {
    return {.x = Data(direction.x),
            .read = Indices(direction.read),
            .weight = Float32(direction.weight),
            .bias = Float32(direction.bias),
            .du = Data(direction.du),
            .dx = Data(direction.dx),
            .dweight = Float32(direction.dweight),
            .dbias = Float32(direction.dbias)};
  }
};

TEST_P(CausalConv1dBackwardTest, AgreesWithReference) {
  const ConvCase& c = test_case();
  std::vector<Direction> directions;
  std::vector<CausalConv1dBackwardDirection> args;
  for (const std::string& name : c.directions) {
    directions.emplace_back(c, name, static_cast<uint32_t>(100 * directions.size()));
  }
  for (Direction& direction : directions) args.push_back(OnDevice(direction));

  ASSERT_TRUE(Fetch(CausalConv1dBackward(args, c.activation, stream())));

  for (const Direction& direction : directions) {
    const reference::CausalConv1dGradients expected = direction.Reference(c);
    // dpre is good to 2^-19 (the slope's 2^-20 and the rounding of its argument), dx is the sum of
    // at most 8 of them.
    ExpectNear(direction.dx.values(), expected.dx, 2e-5, Roundoff());
    EXPECT_TRUE(direction.dx.GapsAreUntouched());
    // Sums over batch and positions of either sign grow with the square root of their number, their
    // rounding at most as fast.
    const double terms =
        std::sqrt(static_cast<double>(direction.du.storage_shape().elements() / c.channels));
    ExpectNear(direction.dweight.values(), expected.dweight, 2e-6 * (1.0 + terms));
    EXPECT_TRUE(direction.dweight.GapsAreUntouched());
    ExpectNear(direction.dbias.values(), expected.dbias, 2e-6 * (1.0 + terms));
  }
}

INSTANTIATE_TEST_SUITE_P(
    AllBackends, CausalConv1dBackwardTest,
    testing::Combine(
        testing::ValuesIn(BackendsAndInstructionSets()),
        testing::Values(
            ConvCase{"OneOfEverything", 1, 1, 1, 1, 1}, ConvCase{"OnePosition", 3, 1, 1, 33},
            ConvCase{"ShorterThanTheKernel", 2, 1, 2, 17}, ConvCase{"FullVectors", 1, 5, 5, 64},
            ConvCase{"ThreeChannels", 2, 5, 7, 3}, ConvCase{"TwoTaps", 1, 3, 5, 9, 2},
            ConvCase{"ThreeTaps", 1, 3, 5, 9, 3}, ConvCase{"FiveTaps", 1, 3, 5, 9, 5},
            ConvCase{"SixTaps", 1, 3, 5, 9, 6}, ConvCase{"SevenTaps", 1, 3, 5, 9, 7},
            ConvCase{"EightTaps", 1, 3, 5, 9, 8},
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

TEST_P(CausalConv1dBackwardTest, GradientsAreIndependentOfEachOther) {
  const ConvCase& c = test_case();
  Direction all(c, c.directions[0], 1);
  ASSERT_TRUE(Fetch(CausalConv1dBackward({OnDevice(all)}, c.activation, stream())));
  using Args = CausalConv1dBackwardDirection;
  const std::pair<TensorView Args::*, TestTensor Direction::*> kMembers[] = {
      {&Args::dx, &Direction::dx},
      {&Args::dweight, &Direction::dweight},
      {&Args::dbias, &Direction::dbias}};
  for (const auto& [view, tensor] : kMembers) {
    Direction one(c, c.directions[0], 1);
    Args args = OnDevice(one);
    const TensorView wanted = args.*view;
    args.dx = args.dweight = args.dbias = {};
    args.*view = wanted;
    ASSERT_TRUE(Fetch(CausalConv1dBackward({args}, c.activation, stream())));
    EXPECT_EQ((one.*tensor).values(), (all.*tensor).values());
  }
}

class CausalConv1dBackwardGoldenTest : public testing::TestWithParam<nlohmann::json> {};

TEST_P(CausalConv1dBackwardGoldenTest, EqualsOfficialGradients) {
  const auto golden = LoadGoldenTensors(FindGoldenFile(GetParam().at("file").get<std::string>()));
  ASSERT_TRUE(golden.ok()) << golden.status();
  const GoldenTensor& stored = golden->at("x");  // channels before positions
  const std::vector<float> x = SwapLastTwoDimensions(stored);
  const std::vector<float> du = SwapLastTwoDimensions(golden->at("dout"));
  const Shape shape = {stored.shape[0], stored.shape[2], stored.shape[1]};
  const int64_t channels = shape[2];
  std::vector<float> dx(x.size());
  std::vector<float> dweight(static_cast<size_t>(channels * 4));
  std::vector<float> dbias(static_cast<size_t>(channels));
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  const absl::Status status =
      CausalConv1dBackward({{.x = {x.data(), DType::kFloat32, shape},
                             .weight = golden->at("weight").view().Reshape({channels, 4}),
                             .bias = golden->at("bias").view(),
                             .du = {du.data(), DType::kFloat32, shape},
                             .dx = {dx.data(), DType::kFloat32, shape},
                             .dweight = {dweight.data(), DType::kFloat32, {channels, 4}},
                             .dbias = {dbias.data(), DType::kFloat32, {channels}}}},
                           Activation::kSilu, stream);
  ASSERT_TRUE(status.ok()) << status;
  const double tolerance = GetParam().at("tolerance").at("backward").get<double>();
  GoldenTensor expected = golden->at("dx");
  expected.f32 = SwapLastTwoDimensions(expected);
  EXPECT_TRUE(MatchesGolden(dx, expected, tolerance));
  EXPECT_TRUE(MatchesGolden(dweight, golden->at("dweight"), tolerance));
  EXPECT_TRUE(MatchesGolden(dbias, golden->at("dbias"), tolerance));
}

INSTANTIATE_TEST_SUITE_P(Golden, CausalConv1dBackwardGoldenTest,
                         testing::ValuesIn(GoldenCases("causal_conv1d_silu")),
                         [](const auto& info) {
                           return info.param.at("id").template get<std::string>();
                         });

struct ErrorCase {
  std::string name;
  std::function<void(CausalConv1dBackwardDirection&)> spoil;
  std::string message;  // a fragment
};

void PrintTo(const ErrorCase& error_case, std::ostream* out) { *out << error_case.name; }

class CausalConv1dBackwardErrorTest : public testing::TestWithParam<ErrorCase> {};

// The second of two directions is spoilt.
TEST_P(CausalConv1dBackwardErrorTest, NamesTheArgument) {
  const ConvCase c{"", 2, 2, 3, 5};
  Direction good(c, "w2", 1);
  Direction bad(c, "w2", 2);
  std::vector<CausalConv1dBackwardDirection> args = {good.Args(), bad.Args()};
  GetParam().spoil(args[1]);
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  const absl::Status status = CausalConv1dBackward(args, Activation::kSilu, stream);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("direction 1: causal_conv1d_backward: " + GetParam().message));
}

using Args = CausalConv1dBackwardDirection;
INSTANTIATE_TEST_SUITE_P(
    Arguments, CausalConv1dBackwardErrorTest,
    testing::Values(
        ErrorCase{"MissingX", [](Args& s) { s.x = {}; }, "\"x\""},
        ErrorCase{"OtherBatch", [](Args& s) { s.x = s.x.Slice(0, 0, 1); }, "\"x\""},
        ErrorCase{"Width", [](Args& s) { s.weight = s.weight.Slice(1, 0, 3); }, "\"weight\""},
        ErrorCase{"Bias", [](Args& s) { s.bias = s.bias.Slice(0, 0, 3); }, "\"bias\""},
        ErrorCase{"TypeOfRead", [](Args& s) { s.read = s.bias; }, "\"read\""},
        ErrorCase{"LengthOfDu", [](Args& s) { s.read = {}; },
                  "\"du\" is f32[2,8,5] on cpu, wanted f32[2,6,5] on cpu"},
        ErrorCase{"RowsOfDx", [](Args& s) { s.dx = s.dx.Slice(1, 0, 5); }, "\"dx\""},
        ErrorCase{"WidthOfDweight", [](Args& s) { s.dweight = s.dweight.Slice(1, 0, 3); },
                  "\"dweight\""},
        ErrorCase{"LengthOfDbias", [](Args& s) { s.dbias = s.dbias.Slice(0, 0, 3); }, "\"dbias\""}),
    [](const auto& info) { return info.param.name; });

TEST(CausalConv1dBackwardErrorTest, RejectsWidthsAndCountsBeyondTheLimits) {
  Direction direction({"", 1, 1, 3, 2, 9}, "", 1);
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  const absl::Status width = CausalConv1dBackward({direction.Args()}, Activation::kSilu, stream);
  EXPECT_EQ(width.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(width.message()),
              HasSubstr("\"weight\" is f32[2,9] on cpu, wanted a width of 1 to 8"));

  const std::vector<Args> many(kMaxScanDirections + 1, direction.Args());
  EXPECT_EQ(CausalConv1dBackward(many, Activation::kSilu, stream).code(),
            absl::StatusCode::kUnimplemented);
  EXPECT_EQ(CausalConv1dBackward({}, Activation::kSilu, stream).code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace localmamba
