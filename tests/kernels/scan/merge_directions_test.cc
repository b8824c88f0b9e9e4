#include "kernels/scan/merge_directions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <tuple>

#include "tests/reference/merge_directions.h"
#include "tests/support/backend.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

struct MergeCase {
  std::string name;
  int64_t directions, batch, tokens, channels;
  bool channel = false;
  bool spatial = false;
  bool weights = false;
};

void PrintTo(const MergeCase& merge_case, std::ostream* out) { *out << merge_case.name; }

struct Tensors {
  explicit Tensors(const MergeCase& c)
      : o(TestTensor::Random({c.directions, c.batch, c.tokens, c.channels}, 1)),
        y({c.batch, c.tokens, c.channels}) {
    if (c.channel) channel = TestTensor::Random({c.directions, c.batch, c.channels}, 2, 0.0, 1.0);
    if (c.spatial) {
      local = TestTensor::Random({c.directions, c.batch, c.tokens}, 3, -3.0, 3.0);
      global = TestTensor::Random({c.directions, c.batch}, 4);
    }
    if (c.weights) w = TestTensor::Random({c.directions}, 5, 0.0, 0.5);
  }

  MergeDirectionsArgs Args() {
    return {.o = o.view(),
            .channel = channel.view(),
            .local = local.view(),
            .global = global.view(),
            .w = w.view(),
            .y = y.view()};
  }

  TestTensor o, channel, local, global, w, y;
};

class MergeDirectionsTest : public BackendTest<MergeCase> {};

TEST_P(MergeDirectionsTest, AgreesWithReference) {
  const MergeCase& c = test_case();
  Tensors tensors(c);
  const MergeDirectionsArgs args = {.o = Data(tensors.o),
                                    .channel = Float32(tensors.channel),
                                    .local = Float32(tensors.local),
                                    .global = Float32(tensors.global),
                                    .w = Float32(tensors.w),
                                    .y = Data(tensors.y)};

  ASSERT_TRUE(Fetch(MergeDirections(args, stream())));

  const std::vector<double> expected =
      reference::MergeDirections({.directions = static_cast<size_t>(c.directions),
                                  .batch = static_cast<size_t>(c.batch),
                                  .tokens = static_cast<size_t>(c.tokens),
                                  .channels = static_cast<size_t>(c.channels),
                                  .o = tensors.o.values(),
                                  .channel = tensors.channel.values(),
                                  .local = tensors.local.values(),
                                  .global = tensors.global.values(),
                                  .w = tensors.w.values()});
  // A term below 1 in magnitude has three roundings and a sigmoid of 2^-21. The norm multiplies it
  // by 1 / (standard deviation), here below 10; its sums over D lose less than that.
  const double per_direction = c.weights ? 1e-5 : 1e-6;
  ExpectNear(tensors.y.values(), expected, per_direction * static_cast<double>(c.directions),
             Roundoff());
}

INSTANTIATE_TEST_SUITE_P(
    AllBackends, MergeDirectionsTest,
    testing::Combine(
        testing::ValuesIn(BackendsAndInstructionSets()),
        testing::Values(MergeCase{"OneOfEverything", 1, 1, 1, 1},
                        MergeCase{"PlainSum", 4, 2, 9, 17}, MergeCase{"Channel", 4, 2, 9, 33, true},
                        MergeCase{"ChannelAndSpatial", 3, 2, 7, 48, true, true},
                        MergeCase{"SpatialAlone", 2, 3, 5, 5, false, true},
                        MergeCase{"Supernet", 8, 2, 5, 19, true, false, true},
                        MergeCase{"SupernetWithEverything", 8, 1, 4, 64, true, true, true},
                        MergeCase{"SupernetOfOneChannelIsZero", 2, 1, 3, 1, false, false, true},
                        MergeCase{"ManyTokens", 2, 1, 197, 31, true},
                        MergeCase{"LayerOfANetwork", 4, 2, 49, 384, true},
                        MergeCase{"SupernetOfWidth384", 8, 2, 9, 384, true, true, true})),
    BackendCaseName);

struct ErrorCase {
  std::string name;
  std::function<void(MergeDirectionsArgs&)> spoil;
  std::string message;  // a fragment
};

void PrintTo(const ErrorCase& error_case, std::ostream* out) { *out << error_case.name; }

class MergeDirectionsErrorTest : public testing::TestWithParam<ErrorCase> {};

TEST_P(MergeDirectionsErrorTest, NamesTheArgument) {
  Tensors tensors({"", 2, 3, 4, 5, true, true, true});
  MergeDirectionsArgs args = tensors.Args();
  GetParam().spoil(args);
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  const absl::Status status = MergeDirections(args, stream);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("merge_directions: " + GetParam().message));
}

using Args = MergeDirectionsArgs;
INSTANTIATE_TEST_SUITE_P(
    Arguments, MergeDirectionsErrorTest,
    testing::Values(ErrorCase{"MissingO", [](Args& a) { a.o = {}; }, "\"o\""},
                    ErrorCase{"GapsInO", [](Args& a) { a.o = a.o.Slice(3, 0, 4); }, "\"o\""},
                    ErrorCase{"NoDirections", [](Args& a) { a.o = a.o.Slice(0, 0, 0); }, "\"o\""},
                    ErrorCase{"Channel", [](Args& a) { a.channel = a.channel.Slice(0, 0, 1); },
                              "\"channel\""},
                    ErrorCase{"LocalWithoutGlobal", [](Args& a) { a.global = {}; }, "\"global\""},
                    ErrorCase{"GlobalWithoutLocal", [](Args& a) { a.local = {}; }, "\"local\""},
                    ErrorCase{"Weights", [](Args& a) { a.w = a.w.Slice(0, 0, 1); },
                              "\"w\" is f32[1] on cpu, wanted f32[2] on cpu"},
                    ErrorCase{"Y", [](Args& a) { a.y = a.y.Slice(0, 0, 2); }, "\"y\""}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace localmamba
