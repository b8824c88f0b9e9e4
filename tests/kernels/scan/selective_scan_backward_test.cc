#include "kernels/scan/selective_scan_backward.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <string>
#include <tuple>

#include "tests/kernels/scan/scan_case.h"
#include "tests/reference/selective_scan_backward.h"
#include "tests/support/backend.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

// The gradients of one direction.
struct Gradients {
  Gradients(const ScanCase& c, ScanOperands& operands, uint32_t seed)
      : dy(TestTensor::Random({c.batch, c.height * c.width, c.channels}, seed, -1, 1, c.gap)),
        du({c.batch, c.height * c.width, c.channels}, c.gap),
        dstep({c.batch, c.height * c.width, c.channels}, c.gap),
        dB({c.batch, c.height * c.width, c.states}, c.gap),
        dC({c.batch, c.height * c.width, c.states}, c.gap),
        dA({c.channels, c.states}, c.gap),
        ddelta_bias({c.channels}) {
    if (c.gate) dz = TestTensor({c.batch, c.height * c.width, c.channels}, c.gap);
    if (c.skip) dD = TestTensor({c.channels});
    args = {.u = operands.u.view(),
            .delta = operands.delta.view(),
            .B = operands.B.view(),
            .C = operands.C.view(),
            .z = operands.z.view(),
            .read = operands.Args().read,
            .z_read = operands.Args().z_read,
            .write = operands.Args().write,
            .delta_weight = operands.delta_weight.view(),
            .delta_bias = operands.delta_bias.view(),
            .A = operands.A.view(),
            .D = operands.D.view(),
            .dy = dy.view(),
            .du = du.view(),
            .dstep = dstep.view(),
            .dB = dB.view(),
            .dC = dC.view(),
            .dz = dz.view(),
            .dA = dA.view(),
            .dD = dD.view(),
            .ddelta_bias = ddelta_bias.view()};
  }

  // Tolerances are relative to the largest value of each gradient. Decays have a relative error of
  // about 2^-21 and states and their gradients forget within some ten positions, which leaves 2^-17
  // of the largest; sums over channels, positions and the batch, of terms of either sign, add less
  // than 2^-24 times their number's square root. `roundoff`: see BackendTest.
  void Expect(const reference::SelectiveScanGradients& expected, double roundoff) const {
    const auto compare = [&](const char* name, const TestTensor& actual,
                             const std::vector<double>& values, double rounding) {
      SCOPED_TRACE(name);
      double largest = 0.0;
      for (const double value : values) largest = std::max(largest, std::abs(value));
      ExpectNear(actual.values(), values, 2e-5 * largest + 1e-7, rounding);
      EXPECT_TRUE(actual.GapsAreUntouched());
    };
    compare("du", du, expected.du, roundoff);
    compare("dstep", dstep, expected.dstep, roundoff);
    compare("dB", dB, expected.dB, roundoff);
    compare("dC", dC, expected.dC, roundoff);
    compare("dz", dz, expected.dz, roundoff);
    compare("dA", dA, expected.dA, 0.0);
    compare("dD", dD, expected.dD, 0.0);
    compare("ddelta_bias", ddelta_bias, expected.ddelta_bias, 0.0);
  }

  TestTensor dy, du, dstep, dB, dC, dz, dA, dD, ddelta_bias;
  SelectiveScanBackwardDirection args;  // on the host
};

class SelectiveScanBackwardTest : public BackendTest<ScanCase> {
 protected:
  // `gradients` and its operands on the backend's device.
  SelectiveScanBackwardDirection OnDevice(ScanOperands& operands, Gradients& gradients) {
    const ConstTensorView read = Indices(operands.order.read);
    return {.u = Data(operands.u),
            .delta = Data(operands.delta),
            .B = Data(operands.B),
            .C = Data(operands.C),
            .z = Data(operands.z),
            .read = read,
            .z_read = read,
            .write = Indices(operands.order.write),
            .delta_weight = Data(operands.delta_weight),
            .delta_bias = Float32(operands.delta_bias),
            .A = Float32(operands.A),
            .D = Float32(operands.D),
            .dy = Data(gradients.dy),
            .du = Data(gradients.du),
            .dstep = Data(gradients.dstep),
            .dB = Data(gradients.dB),
            .dC = Data(gradients.dC),
            .dz = Data(gradients.dz),
            .dA = Float32(gradients.dA),
            .dD = Float32(gradients.dD),
            .ddelta_bias = Float32(gradients.ddelta_bias)};
  }
};

TEST_P(SelectiveScanBackwardTest, AgreesWithReference) {
  const ScanCase& c = test_case();
  std::vector<ScanOperands> operands;
  std::vector<Gradients> gradients;
  for (const std::string& name : c.directions) {
    operands.emplace_back(c, name, static_cast<uint32_t>(100 * operands.size()));
  }
  for (ScanOperands& own : operands) {
    gradients.emplace_back(c, own, static_cast<uint32_t>(50 + 100 * gradients.size()));
  }
  std::vector<SelectiveScanBackwardDirection> args;
  for (size_t k = 0; k < operands.size(); ++k) {
    args.push_back(OnDevice(operands[k], gradients[k]));
  }

  ASSERT_TRUE(Fetch(SelectiveScanBackward(args, {.delta_softplus = c.softplus}, stream())));

  for (size_t k = 0; k < operands.size(); ++k) {
    SCOPED_TRACE("direction " + c.directions[k]);
    gradients[k].Expect(
        reference::SelectiveScanBackward(operands[k].Reference(c), gradients[k].dy.values()),
        Roundoff());
  }
}

INSTANTIATE_TEST_SUITE_P(
    AllBackends, SelectiveScanBackwardTest,
    testing::Combine(
        testing::ValuesIn(BackendsAndInstructionSets()),
        testing::Values(
            ScanCase{.name = "OneOfEverything", .states = 1, .rank = 1},
            ScanCase{.name = "OnePosition", .batch = 3, .channels = 33, .rank = 5},
            ScanCase{.name = "OneChannel", .height = 5, .width = 9, .rank = 3},
            ScanCase{.name = "ThreeChannels", .batch = 2, .height = 3, .width = 11, .channels = 3},
            ScanCase{.name = "OneChunkOfPositionsAndFullVectors",
                     .height = 4,
                     .width = 8,
                     .channels = 64,
                     .rank = 8},
            ScanCase{.name = "OneMoreThanAChunk", .height = 3, .width = 11, .channels = 35},
            ScanCase{.name = "OneState", .height = 4, .width = 10, .channels = 19, .states = 1},
            ScanCase{.name = "ThreeStates", .height = 4, .width = 4, .channels = 19, .states = 3},
            ScanCase{.name = "ThirtyThreeStates",
                     .height = 5,
                     .width = 8,
                     .channels = 19,
                     .states = 33,
                     .rank = 2},
            ScanCase{
                .name = "SixtyFourStates", .height = 5, .width = 7, .channels = 5, .states = 64},
            ScanCase{.name = "TwentyStates", .height = 5, .width = 7, .channels = 35, .states = 20},
            ScanCase{.name = "NoOptionalArguments",
                     .height = 6,
                     .width = 6,
                     .channels = 20,
                     .gate = false,
                     .skip = false,
                     .bias = false},
            ScanCase{.name = "StepsAsTheyAre",
                     .height = 6,
                     .width = 6,
                     .channels = 20,
                     .rank = 3,
                     .gate = false,
                     .softplus = false},
            ScanCase{.name = "StridedRows",
                     .batch = 2,
                     .height = 3,
                     .width = 5,
                     .channels = 21,
                     .rank = 3,
                     .directions = {"v", "w2"},
                     .gap = 5},
            ScanCase{
                .name = "ManyDirectionsOfDifferentLengths",
                .batch = 2,
                .height = 7,
                .width = 9,
                .channels = 24,
                .rank = 4,
                .directions = {"h", "h_flip", "v", "v_flip", "w2", "w2_flip", "w3", "w7_flip"}},
            ScanCase{.name = "PaddingHasStepsButNoRows",
                     .height = 3,
                     .width = 3,
                     .channels = 18,
                     .rank = 2,
                     .directions = {"w5", "w5_flip"}},
            ScanCase{.name = "PaddingWithoutBiasAndWeight",
                     .height = 3,
                     .width = 4,
                     .channels = 18,
                     .directions = {"w3"},
                     .bias = false},
            ScanCase{.name = "SeveralGroupsOfChannels",
                     .batch = 2,
                     .height = 5,
                     .width = 9,
                     .channels = 600,
                     .rank = 4,
                     .directions = {"h", "w7"},
                     .gap = 3},
            ScanCase{.name = "LayerOfLocalVim",
                     .batch = 2,
                     .height = 14,
                     .width = 14,
                     .channels = 384,
                     .rank = 12,
                     .directions = {"h", "v_flip", "w7", "w7_flip"}},
            ScanCase{.name = "LayerOfLocalVMamba",
                     .height = 28,
                     .width = 28,
                     .channels = 192,
                     .rank = 8,
                     .directions = {"h_flip", "w2"},
                     .gate = false})),
    BackendCaseName);

class SelectiveScanBackwardOutputsTest : public SelectiveScanBackwardTest {};

// Every gradient by itself equals what it is among all, for several groups of channels and for one.
TEST_P(SelectiveScanBackwardOutputsTest, AreIndependentOfEachOther) {
  const ScanCase& c = test_case();
  ScanOperands operands(c, "w2", 1);
  Gradients all(c, operands, 7);
  ASSERT_TRUE(Fetch(SelectiveScanBackward({OnDevice(operands, all)}, {}, stream())));
  using Args = SelectiveScanBackwardDirection;
  const std::pair<TensorView Args::*, TestTensor Gradients::*> kMembers[] = {
      {&Args::du, &Gradients::du}, {&Args::dstep, &Gradients::dstep},
      {&Args::dB, &Gradients::dB}, {&Args::dC, &Gradients::dC},
      {&Args::dz, &Gradients::dz}, {&Args::dA, &Gradients::dA},
      {&Args::dD, &Gradients::dD}, {&Args::ddelta_bias, &Gradients::ddelta_bias}};
  for (const auto& [view, tensor] : kMembers) {
    SCOPED_TRACE(&view - &kMembers[0].first);
    Gradients one(c, operands, 7);
    Args args = OnDevice(operands, one);
    const TensorView wanted = args.*view;
    for (const auto& [other, unused] : kMembers) args.*other = {};
    args.*view = wanted;
    ASSERT_TRUE(Fetch(SelectiveScanBackward({args}, {}, stream())));
    EXPECT_EQ((one.*tensor).values(), (all.*tensor).values());
  }
}

INSTANTIATE_TEST_SUITE_P(
    AllBackends, SelectiveScanBackwardOutputsTest,
    testing::Combine(
        testing::ValuesIn(Backends()),
        testing::Values(
            ScanCase{
                .name = "OneGroup", .batch = 2, .height = 5, .width = 7, .channels = 20, .rank = 3},
            ScanCase{.name = "ManyGroups", .height = 3, .width = 4, .channels = 520})),
    BackendCaseName);

TEST(SelectiveScanBackwardCpuTest, DoesNotDependOnThreads) {
  const ScanCase c{.name = "", .batch = 3, .height = 5, .width = 9, .channels = 300, .rank = 4};
  ScanOperands operands(c, "w2", 1);
  Gradients one(c, operands, 7);
  Gradients two(c, operands, 7);
  Stream single = *Stream::Create(Device::Cpu(), 1);
  Stream pair = *Stream::Create(Device::Cpu(), 2);
  ASSERT_TRUE(SelectiveScanBackward({one.args}, {}, single).ok());
  ASSERT_TRUE(SelectiveScanBackward({two.args}, {}, pair).ok());
  EXPECT_EQ(one.dB.values(), two.dB.values());
  EXPECT_EQ(one.dA.values(), two.dA.values());
  EXPECT_EQ(one.ddelta_bias.values(), two.ddelta_bias.values());
}

TEST(SelectiveScanBackwardCpuTest, EmptySequencesLeaveZerosInTheSums) {
  const ScanCase c{.name = "", .height = 1, .width = 3, .channels = 2, .states = 2};
  ScanOperands operands(c, "", 1);
  Gradients gradients(c, operands, 7);
  SelectiveScanBackwardDirection args = gradients.args;
  const int32_t none = 0;
  args.read = args.z_read = args.write = {&none, DType::kInt32, {0}};
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  ASSERT_TRUE(SelectiveScanBackward({args}, {}, stream).ok());
  EXPECT_EQ(gradients.dA.values(), std::vector<double>(4, 0.0));
  EXPECT_EQ(gradients.dD.values(), std::vector<double>(2, 0.0));
  EXPECT_EQ(gradients.ddelta_bias.values(), std::vector<double>(2, 0.0));
}

struct ErrorCase {
  std::string name;
  std::function<void(SelectiveScanBackwardDirection&)> spoil;
  std::string message;  // a fragment
};

void PrintTo(const ErrorCase& error_case, std::ostream* out) { *out << error_case.name; }

class SelectiveScanBackwardErrorTest : public testing::TestWithParam<ErrorCase> {};

// The second of two directions is spoilt.
TEST_P(SelectiveScanBackwardErrorTest, NamesTheArgument) {
  const ScanCase c{.name = "", .height = 2, .width = 3, .channels = 5, .states = 4, .rank = 2};
  ScanOperands operands(c, "w2", 1);
  Gradients good(c, operands, 7);
  Gradients bad(c, operands, 8);
  GetParam().spoil(bad.args);
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  const absl::Status status = SelectiveScanBackward({good.args, bad.args}, {}, stream);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("direction 1: selective_scan_backward: " + GetParam().message));
}

using Args = SelectiveScanBackwardDirection;
INSTANTIATE_TEST_SUITE_P(
    Arguments, SelectiveScanBackwardErrorTest,
    testing::Values(
        ErrorCase{"MissingU", [](Args& s) { s.u = {}; }, "\"u\""},
        ErrorCase{"StatesOfA", [](Args& s) { s.A = s.A.Slice(1, 0, 3); }, "\"A\""},
        ErrorCase{"RowsOfC", [](Args& s) { s.C = s.C.Slice(1, 0, 5); }, "\"C\""},
        ErrorCase{"RankOfDelta", [](Args& s) { s.delta = s.delta.Slice(2, 0, 1); }, "\"delta\""},
        ErrorCase{"NoWeight", [](Args& s) { s.delta_weight = {}; }, "\"delta_weight\""},
        ErrorCase{"LengthOfMaps", [](Args& s) { s.write = s.write.Slice(0, 0, 7); }, "\"write\""},
        ErrorCase{"MissingDy", [](Args& s) { s.dy = {}; }, "\"dy\""},
        ErrorCase{"RowsOfDyWithoutWrite", [](Args& s) { s.write = {}; },
                  "\"dy\" is f32[1,6,5] on cpu, wanted f32[1,8,5]"},
        ErrorCase{"RowsOfZWithoutMap", [](Args& s) { s.z_read = {}; },
                  "\"z\" is f32[1,6,5] on cpu, wanted 8 rows"},
        ErrorCase{"RowsOfDu", [](Args& s) { s.du = s.du.Slice(1, 0, 5); }, "\"du\""},
        ErrorCase{"ChannelsOfDstep", [](Args& s) { s.dstep = s.dstep.Slice(2, 0, 4); },
                  "\"dstep\""},
        ErrorCase{"StatesOfDb", [](Args& s) { s.dB = s.dB.Slice(2, 0, 3); }, "\"dB\""},
        ErrorCase{"StatesOfDc", [](Args& s) { s.dC = s.dC.Slice(2, 0, 3); }, "\"dC\""},
        ErrorCase{"RowsOfDz", [](Args& s) { s.dz = s.dz.Slice(1, 0, 5); }, "\"dz\""},
        ErrorCase{"DzWithoutZ", [](Args& s) { s.z = {}; }, "\"dz\""},
        ErrorCase{"ShapeOfDa", [](Args& s) { s.dA = s.dA.Slice(1, 0, 3); }, "\"dA\""},
        ErrorCase{"LengthOfDd", [](Args& s) { s.dD = s.dD.Slice(0, 0, 3); }, "\"dD\""},
        ErrorCase{"DdWithoutD", [](Args& s) { s.D = {}; }, "\"dD\""},
        ErrorCase{"LengthOfDdeltaBias",
                  [](Args& s) { s.ddelta_bias = s.ddelta_bias.Slice(0, 0, 3); },
                  "\"ddelta_bias\""}),
    [](const auto& info) { return info.param.name; });

TEST(SelectiveScanBackwardErrorTest, LimitsAreUnimplemented) {
  const ScanCase c{.name = "", .height = 2, .width = 3, .channels = 5, .states = 65};
  ScanOperands operands(c, "", 1);
  Gradients gradients(c, operands, 7);
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  const absl::Status states = SelectiveScanBackward({gradients.args}, {}, stream);
  EXPECT_EQ(states.code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(std::string(states.message()), HasSubstr("N = 65, at most 64"));

  const std::vector<Args> many(kMaxScanDirections + 1, gradients.args);
  const absl::Status count = SelectiveScanBackward(many, {}, stream);
  EXPECT_EQ(count.code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(std::string(count.message()), HasSubstr("17 directions, at most 16"));

  EXPECT_EQ(SelectiveScanBackward({}, {}, stream).code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace localmamba
