#include "kernels/scan/selective_scan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <tuple>

#include "kernels/scan/scan_order.h"
#include "tests/kernels/scan/scan_case.h"
#include "tests/reference/selective_scan.h"
#include "tests/support/backend.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

// A decay has a relative error of about 2^-21 and the state forgets within some ten positions
// (decays are below 0.9), which leaves 10 * 2^-21 relative to the largest value; the sum over up to
// 64 states adds 64 * 2^-24.
double Tolerance(const std::vector<double>& expected) {
  double largest = 0.0;
  for (const double value : expected) largest = std::max(largest, std::abs(value));
  return 1e-5 * largest + 1e-7;
}

class SelectiveScanTest : public BackendTest<ScanCase> {};

TEST_P(SelectiveScanTest, AgreesWithReference) {
  const ScanCase& c = test_case();
  std::vector<ScanOperands> directions;
  for (const std::string& name : c.directions) {
    directions.emplace_back(c, name, static_cast<uint32_t>(100 * directions.size()));
  }
  std::vector<SelectiveScanDirection> args;
  for (ScanOperands& direction : directions) {
    const ConstTensorView read = Indices(direction.order.read);
    ConstTensorView delta, B, C;
    if (c.projection) {
      const ConstTensorView projection = Data(direction.projection);
      direction.SplitProjection(c);
      delta = projection.Slice(2, 0, c.rank);
      B = projection.Slice(2, c.rank, c.rank + c.states);
      C = projection.Slice(2, c.rank + c.states, c.rank + 2 * c.states);
    } else {
      delta = Data(direction.delta);
      B = Data(direction.B);
      C = Data(direction.C);
    }
    args.push_back({.u = Data(direction.u),
                    .delta = delta,
                    .B = B,
                    .C = C,
                    .z = Data(direction.z),
                    .read = read,
                    .z_read = read,
                    .write = Indices(direction.order.write),
                    .delta_weight = Data(direction.delta_weight),
                    .delta_bias = Float32(direction.delta_bias),
                    .A = Float32(direction.A),
                    .D = Float32(direction.D),
                    .y = Data(direction.y),
                    .last_state = Float32(direction.last_state)});
  }
  std::vector<std::vector<double>> expected;
  for (ScanOperands& direction : directions) expected.push_back(direction.y.values());

  ASSERT_TRUE(Fetch(SelectiveScan(args, {.delta_softplus = c.softplus}, stream())));

  for (size_t k = 0; k < directions.size(); ++k) {
    SCOPED_TRACE("direction " + c.directions[k]);
    const std::vector<double> last_state =
        reference::SelectiveScan(directions[k].Reference(c), expected[k]);
    ExpectNear(directions[k].y.values(), expected[k], Tolerance(expected[k]), Roundoff());
    EXPECT_TRUE(directions[k].y.GapsAreUntouched());
    if (c.last_state) {
      ExpectNear(directions[k].last_state.values(), last_state, Tolerance(last_state));
      EXPECT_TRUE(directions[k].last_state.GapsAreUntouched());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    AllBackends, SelectiveScanTest,
    testing::Combine(
        testing::ValuesIn(BackendsAndInstructionSets()),
        testing::Values(
            ScanCase{.name = "OneOfEverything", .states = 1, .rank = 1},
            ScanCase{.name = "OnePosition", .batch = 3, .channels = 33, .rank = 5},
            ScanCase{.name = "OneChannel", .height = 5, .width = 9, .rank = 3},
            ScanCase{.name = "SeventeenChannels",
                     .batch = 2,
                     .height = 3,
                     .width = 11,
                     .channels = 17,
                     .rank = 4},
            ScanCase{.name = "ChunksOfPositionsAndFullVectors",
                     .height = 8,
                     .width = 12,
                     .channels = 32,
                     .rank = 6},
            ScanCase{.name = "OneState", .height = 4, .width = 4, .channels = 19, .states = 1},
            ScanCase{.name = "ThreeStates", .height = 4, .width = 4, .channels = 19, .states = 3},
            ScanCase{.name = "ThirtyThreeStates",
                     .height = 4,
                     .width = 4,
                     .channels = 19,
                     .states = 33,
                     .rank = 2},
            ScanCase{
                .name = "SixtyFourStates", .height = 5, .width = 7, .channels = 5, .states = 64},
            ScanCase{.name = "NoOptionalArguments",
                     .height = 6,
                     .width = 6,
                     .channels = 20,
                     .gate = false,
                     .skip = false,
                     .bias = false,
                     .last_state = false},
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
            ScanCase{.name = "PaddingOnlyDecaysTheState",
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
            ScanCase{.name = "LayerOfLocalVim",
                     .batch = 2,
                     .height = 14,
                     .width = 14,
                     .channels = 384,
                     .rank = 12,
                     .directions = {"h", "v_flip", "w7", "w7_flip"}},
            ScanCase{.name = "LayerOfLocalVMamba",
                     .batch = 2,
                     .height = 28,
                     .width = 28,
                     .channels = 192,
                     .rank = 6,
                     .directions = {"h_flip", "v", "w2", "w7"},
                     .gate = false,
                     .last_state = false})),
    BackendCaseName);

// Operands as networks have them, which on CUDA, with 16 bits, take kernels of their own: with 4, 8
// or 16 threads a channel or two channels a thread, and whole sequences or pieces. Beside the
// names: which on an H100.
INSTANTIATE_TEST_SUITE_P(
    OneProjection, SelectiveScanTest,
    testing::Combine(
        testing::ValuesIn(Backends()),
        testing::Values(ScanCase{.name = "OnePosition",  // 16 threads
                                 .channels = 2,
                                 .rank = 8,
                                 .projection = true,
                                 .last_state = false},
                        ScanCase{.name = "OneChannel",  // not these kernels
                                 .height = 5,
                                 .width = 9,
                                 .rank = 8,
                                 .projection = true,
                                 .last_state = false},
                        ScanCase{.name = "ThreeChannels",  // not these kernels
                                 .height = 5,
                                 .width = 9,
                                 .channels = 3,
                                 .rank = 8,
                                 .projection = true,
                                 .last_state = false},
                        ScanCase{.name = "FewChannels",  // 16 threads
                                 .height = 5,
                                 .width = 15,
                                 .channels = 18,
                                 .rank = 24,
                                 .directions = {"h", "v_flip", "w2"},
                                 .gap = 8,
                                 .projection = true,
                                 .last_state = false},
                        ScanCase{.name = "NothingOptional",  // 16 threads
                                 .height = 5,
                                 .width = 15,
                                 .channels = 18,
                                 .rank = 16,
                                 .projection = true,
                                 .gate = false,
                                 .skip = false,
                                 .bias = false,
                                 .softplus = false,
                                 .last_state = false},
                        ScanCase{.name = "PiecesOfFewChannels",  // 8 threads, pieces
                                 .height = 25,
                                 .width = 41,
                                 .channels = 34,
                                 .rank = 8,
                                 .directions = {"h_flip", "w7"},
                                 .projection = true,
                                 .last_state = false},
                        ScanCase{.name = "PiecesWithoutGate",  // 8 threads, pieces
                                 .height = 45,
                                 .width = 45,
                                 .channels = 18,
                                 .rank = 8,
                                 .directions = {"w3", ""},
                                 .projection = true,
                                 .gate = false,
                                 .last_state = false},
                        ScanCase{.name = "PiecesOfManyChannels",  // 4 threads, pieces
                                 .batch = 2,
                                 .height = 27,
                                 .width = 27,
                                 .channels = 190,
                                 .rank = 8,
                                 .directions = {"h", "v", "w2", "w7_flip"},
                                 .projection = true,
                                 .last_state = false},
                        ScanCase{.name = "ShortSequences",  // 8 threads
                                 .height = 7,
                                 .width = 7,
                                 .channels = 1536,
                                 .rank = 48,
                                 .directions = {"h", "v", "w2", "h_flip"},
                                 .projection = true,
                                 .gate = false,
                                 .last_state = false},
                        ScanCase{.name = "ManyChannels",  // 4 threads
                                 .height = 5,
                                 .width = 7,
                                 .channels = 3074,
                                 .rank = 8,
                                 .directions = {"h", "v", "w2", "v_flip"},
                                 .projection = true,
                                 .last_state = false},
                        ScanCase{.name = "VeryManyChannels",  // two channels a thread
                                 .batch = 2,
                                 .height = 3,
                                 .width = 7,
                                 .channels = 4230,
                                 .rank = 8,
                                 .directions = {"h", "v", "w2", "v_flip", "h_flip", "w3", "w7",
                                                "w2_flip"},
                                 .projection = true,
                                 .last_state = false},
                        ScanCase{.name = "VeryManyChannelsWithoutGate",  // two channels a thread
                                 .batch = 4,
                                 .height = 3,
                                 .width = 6,
                                 .channels = 4290,
                                 .rank = 16,
                                 .directions = {"h", "v", "w2", "v_flip"},
                                 .projection = true,
                                 .gate = false,
                                 .last_state = false})),
    BackendCaseName);

TEST(SelectiveScanCpuTest, PositionsMayReadAndWriteAnyRow) {
  // Rows are read twice or not at all, z has its own map, one output is dropped, and position 1
  // reads nothing.
  const ScanCase c{.name = "", .height = 2, .width = 3, .channels = 5, .states = 4, .rank = 2};
  ScanOperands direction(c, "", 1);
  direction.order = {};
  const std::vector<int32_t> read = {3, -1, 0, 3, 5};
  const std::vector<int32_t> z_read = {1, 2, -1, 4, 0};
  const std::vector<int32_t> write = {4, 5, 0, -1, 1};
  SelectiveScanDirection args = direction.Args();
  args.read = {read.data(), DType::kInt32, {5}};
  args.z_read = {z_read.data(), DType::kInt32, {5}};
  args.write = {write.data(), DType::kInt32, {5}};
  reference::SelectiveScanInput input = direction.Reference(c);
  input.read = read;
  input.z_read = z_read;
  input.write = write;
  std::vector<double> expected = direction.y.values();
  const std::vector<double> last_state = reference::SelectiveScan(input, expected);
  Stream stream = *Stream::Create(Device::Cpu(), 1);

  ASSERT_TRUE(SelectiveScan({args}, {}, stream).ok());
  // Tokens 2 and 3 keep a large value, so the tolerance is not derived from the largest.
  ExpectNear(direction.y.values(), expected, 1e-5);
  ExpectNear(direction.last_state.values(), last_state, Tolerance(last_state));
}

TEST(SelectiveScanCpuTest, HugeStepsForgetTheState) {
  const ScanCase c{.name = "", .height = 1, .width = 2, .channels = 3, .states = 2, .gate = false};
  ScanOperands direction(c, "", 1);
  direction.delta = TestTensor::Random({1, 2, 3}, 2, 1e8, 2e8);
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  ASSERT_TRUE(SelectiveScan({direction.Args()}, {}, stream).ok());
  std::vector<double> expected = direction.y.values();
  reference::SelectiveScan(direction.Reference(c), expected);
  ExpectNear(direction.y.values(), expected, Tolerance(expected));
}

TEST(SelectiveScanCpuTest, KeepsNanWithinItsChannel) {
  const ScanCase c{.name = "", .height = 4, .width = 4, .channels = 18, .rank = 2};
  ScanOperands direction(c, "", 1);
  direction.u.view().data<float>()[7 * 18 + 3] = std::numeric_limits<float>::quiet_NaN();
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  ASSERT_TRUE(SelectiveScan({direction.Args()}, {}, stream).ok());
  const std::vector<double> y = direction.y.values();
  for (size_t i = 0; i < y.size(); ++i) {
    EXPECT_EQ(std::isnan(y[i]), i % 18 == 3 && i / 18 >= 7) << i;
  }
}

TEST(SelectiveScanCpuTest, EmptySequenceLeavesZeroState) {
  const ScanCase c{.name = "", .height = 1, .width = 3, .channels = 2, .states = 2};
  ScanOperands direction(c, "", 1);
  SelectiveScanDirection args = direction.Args();
  const int32_t none = 0;
  args.read = args.z_read = args.write = {&none, DType::kInt32, {0}};
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  ASSERT_TRUE(SelectiveScan({args}, {}, stream).ok());
  EXPECT_EQ(direction.last_state.values(), std::vector<double>(4, 0.0));
}

}  // namespace
}  // namespace localmamba
