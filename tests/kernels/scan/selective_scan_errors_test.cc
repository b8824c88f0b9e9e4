// What the scan refuses, and that it names it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "kernels/scan/scan_order.h"
#include "kernels/scan/selective_scan.h"
#include "tests/kernels/scan/scan_case.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

struct ErrorCase {
  std::string name;
  std::function<void(SelectiveScanDirection&)> spoil;
  std::string message;  // a fragment
  absl::StatusCode code = absl::StatusCode::kInvalidArgument;
};

void PrintTo(const ErrorCase& error_case, std::ostream* out) { *out << error_case.name; }

class SelectiveScanErrorTest : public testing::TestWithParam<ErrorCase> {};

// The second of two directions is spoilt.
TEST_P(SelectiveScanErrorTest, NamesTheArgument) {
  const ScanCase c{.name = "", .height = 2, .width = 3, .channels = 5, .states = 4, .rank = 2};
  ScanOperands good(c, "w2", 1);
  ScanOperands bad(c, "w2", 2);
  std::vector<SelectiveScanDirection> args = {good.Args(), bad.Args()};
  GetParam().spoil(args[1]);
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  const absl::Status status = SelectiveScan(args, {}, stream);
  EXPECT_EQ(status.code(), GetParam().code) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(GetParam().message));
  EXPECT_THAT(std::string(status.message()), HasSubstr("direction 1: selective_scan"));
}

using Args = SelectiveScanDirection;
INSTANTIATE_TEST_SUITE_P(
    Arguments, SelectiveScanErrorTest,
    testing::Values(
        ErrorCase{"MissingU", [](Args& s) { s.u = {}; }, "\"u\""},
        ErrorCase{"OtherBatch", [](Args& s) { s.u = s.u.Slice(0, 0, 0); }, "\"u\""},
        ErrorCase{"ScatteredChannels",
                  [](Args& s) {
                    s.B = s.u.Select(0, 0).Reshape({1, 6, 5}).Slice(2, 0, 3);
                  },
                  "\"B\" is f32[1,6,3] on cpu, wanted f32[1,6,4]"},
        ErrorCase{"RowsOfC", [](Args& s) { s.C = s.C.Slice(1, 0, 5); }, "\"C\""},
        ErrorCase{"StatesOfA", [](Args& s) { s.A = s.A.Slice(1, 0, 3); }, "\"A\""},
        ErrorCase{"RankOfDelta", [](Args& s) { s.delta = s.delta.Slice(2, 0, 1); }, "\"delta\""},
        ErrorCase{"NoWeight", [](Args& s) { s.delta_weight = {}; }, "\"delta_weight\""},
        ErrorCase{"LengthOfMaps", [](Args& s) { s.write = s.write.Slice(0, 0, 7); }, "\"write\""},
        ErrorCase{"TypeOfMaps", [](Args& s) { s.read = s.delta_bias; }, "\"read\""},
        ErrorCase{"RowsOfYWithoutWrite", [](Args& s) { s.write = {}; },
                  "\"y\" is f32[1,6,5] on cpu, wanted f32[1,8,5]"},
        ErrorCase{"RowsOfZWithoutMap", [](Args& s) { s.z_read = {}; },
                  "\"z\" is f32[1,6,5] on cpu, wanted 8 rows"},
        ErrorCase{"LengthOfBias", [](Args& s) { s.delta_bias = s.delta_bias.Slice(0, 1, 5); },
                  "\"delta_bias\""},
        ErrorCase{"LengthOfD", [](Args& s) { s.D = s.D.Slice(0, 1, 5); }, "\"D\""},
        ErrorCase{"ShapeOfLastState", [](Args& s) { s.last_state = s.last_state.Slice(2, 0, 3); },
                  "\"last_state\""}),
    [](const auto& info) { return info.param.name; });

TEST(SelectiveScanErrorTest, LimitsAndMissingImplementationsAreUnimplemented) {
  const ScanCase c{.name = "", .height = 2, .width = 3, .channels = 5, .states = 65};
  ScanOperands direction(c, "", 1);
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  const absl::Status states = SelectiveScan({direction.Args()}, {}, stream);
  EXPECT_EQ(states.code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(std::string(states.message()), HasSubstr("N = 65, at most 64"));

  const std::vector<SelectiveScanDirection> many(kMaxScanDirections + 1, direction.Args());
  const absl::Status count = SelectiveScan(many, {}, stream);
  EXPECT_EQ(count.code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(std::string(count.message()), HasSubstr("17 directions, at most 16"));

  EXPECT_EQ(SelectiveScan({}, {}, stream).code(), absl::StatusCode::kInvalidArgument);
}

TEST(SelectiveScanErrorTest, RejectsAWeightWithoutColumns) {
  ScanOperands direction({.name = "", .height = 2, .width = 3, .channels = 5, .rank = 2}, "", 1);
  SelectiveScanDirection args = direction.Args();
  args.delta = args.delta.Slice(2, 0, 0);
  args.delta_weight = args.delta_weight.Slice(1, 0, 0);
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  const absl::Status status = SelectiveScan({args}, {}, stream);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("wanted at least one column"));
}

TEST(SelectiveScanErrorTest, HalfPrecisionIsUnimplementedOnTheCpu) {
  std::vector<uint16_t> storage(64);
  const TensorView half(storage.data(), DType::kFloat16, {1, 2, 2});
  std::vector<float> A(4, -1.0F);
  const SelectiveScanDirection args{.u = half,
                                    .delta = half,
                                    .B = half,
                                    .C = half,
                                    .A = {A.data(), DType::kFloat32, {2, 2}},
                                    .y = half};
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  const absl::Status status = SelectiveScan({args}, {}, stream);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(std::string(status.message()), HasSubstr("not implemented for f16 on cpu"));
}

}  // namespace
}  // namespace localmamba
