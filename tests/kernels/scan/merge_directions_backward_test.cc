#include "kernels/scan/merge_directions_backward.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>

#include "tests/reference/merge_directions.h"
#include "tests/reference/merge_directions_backward.h"
#include "tests/reference/tokens.h"
#include "tests/support/backend.h"
#include "tests/support/finite_difference.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

struct MergeBackwardCase {
  std::string name;
  int64_t K, B, L, D;
  bool channel = false;
  bool spatial = false;
  bool weights = false;
  bool d_o_in = false;
  bool d_o = true;       // wanted?
  bool branches = true;  // are the gradients of channel, local, global and w?
};

struct Tensors {
  explicit Tensors(const MergeBackwardCase& c)
      : o(TestTensor::Random({c.K, c.B, c.L, c.D}, 1)), dy(TestTensor::Random({c.B, c.L, c.D}, 6)) {
    if (c.channel) channel = TestTensor::Random({c.K, c.B, c.D}, 2, 0.0, 1.0);
    if (c.spatial) {
      local = TestTensor::Random({c.K, c.B, c.L}, 3, -3.0, 3.0);
      global = TestTensor::Random({c.K, c.B}, 4);
    }
    if (c.weights) w = TestTensor::Random({c.K}, 5, 0.0, 0.5);
    if (c.d_o_in) d_o_in = TestTensor::Random({c.K, c.B, c.L, c.D}, 7);
    if (c.d_o) d_o = TestTensor({c.K, c.B, c.L, c.D});
    if (!c.branches) return;
    if (c.channel) dchannel = TestTensor({c.K, c.B, c.D});
    if (c.spatial) dlocal = TestTensor({c.K, c.B, c.L});
    if (c.spatial) dglobal = TestTensor({c.K, c.B});
    if (c.weights) dw = TestTensor({c.K});
  }

  MergeDirectionsBackwardArgs Args() {
    return {.o = o.view(),
            .channel = channel.view(),
            .local = local.view(),
            .global = global.view(),
            .w = w.view(),
            .dy = dy.view(),
            .d_o_in = d_o_in.view(),
            .d_o = d_o.view(),
            .dchannel = dchannel.view(),
            .dlocal = dlocal.view(),
            .dglobal = dglobal.view(),
            .dw = dw.view()};
  }

  TestTensor o, channel, local, global, w, dy, d_o_in, d_o, dchannel, dlocal, dglobal, dw;
};

reference::MergeDirectionsInput ReferenceInput(const MergeBackwardCase& c, const Tensors& tensors) {
  return {.directions = static_cast<size_t>(c.K),
          .batch = static_cast<size_t>(c.B),
          .tokens = static_cast<size_t>(c.L),
          .channels = static_cast<size_t>(c.D),
          .o = tensors.o.values(),
          .channel = tensors.channel.values(),
          .local = tensors.local.values(),
          .global = tensors.global.values(),
          .w = tensors.w.values()};
}

class MergeDirectionsBackwardTest : public BackendTest<MergeBackwardCase> {};

TEST_P(MergeDirectionsBackwardTest, AgreesWithReference) {
  const MergeBackwardCase& c = test_case();
  Tensors tensors(c);
  MergeDirectionsBackwardArgs args = {.o = Data(tensors.o),
                                      .channel = Float32(tensors.channel),
                                      .local = Float32(tensors.local),
                                      .global = Float32(tensors.global),
                                      .w = Float32(tensors.w),
                                      .dy = Data(tensors.dy),
                                      .d_o_in = Data(tensors.d_o_in),
                                      .d_o = Data(tensors.d_o),
                                      .dchannel = Float32(tensors.dchannel),
                                      .dlocal = Float32(tensors.dlocal),
                                      .dglobal = Float32(tensors.dglobal),
                                      .dw = Float32(tensors.dw)};
  reference::MergeDirectionsGradients expected =
      reference::MergeDirectionsBackward(ReferenceInput(c, tensors), tensors.dy.values());
  if (c.d_o_in) expected.d_o = reference::Add(expected.d_o, tensors.d_o_in.values());

  ASSERT_TRUE(Fetch(MergeDirectionsBackward(args, stream())));

  // A term has a few roundings and a sigmoid of 2^-21. The norm multiplies it by 1 / (standard
  // deviation), here below 10.
  const double term = c.weights ? 1e-5 : 2e-6;
  if (c.d_o) ExpectNear(tensors.d_o.values(), expected.d_o, term, Roundoff());
  if (!c.branches) return;
  // Errors of the terms of a sum are independent of each other; those of its steps are smaller.
  const auto sum_of = [&](int64_t terms) { return term * (1.0 + std::sqrt(terms)); };
  ExpectNear(tensors.dchannel.values(), expected.dchannel, sum_of(c.L));
  ExpectNear(tensors.dlocal.values(), expected.dlocal, sum_of(c.D));
  ExpectNear(tensors.dglobal.values(), expected.dglobal, sum_of(c.L * c.D));
  ExpectNear(tensors.dw.values(), expected.dw, sum_of(c.B * c.L * c.D));
}

INSTANTIATE_TEST_SUITE_P(
    AllBackends, MergeDirectionsBackwardTest,
    testing::Combine(
        testing::ValuesIn(BackendsAndInstructionSets()),
        testing::Values(
            MergeBackwardCase{"OneOfEverything", 1, 1, 1, 1},
            MergeBackwardCase{"PlainSum", 4, 2, 9, 17},
            MergeBackwardCase{
                .name = "PlainSumAdded", .K = 4, .B = 2, .L = 9, .D = 16, .d_o_in = true},
            MergeBackwardCase{"Channel", 4, 2, 9, 33, true},
            MergeBackwardCase{"ThreeChannels", 2, 3, 5, 3, true, true},
            MergeBackwardCase{"ChannelAndSpatial", 3, 2, 7, 48, true, true},
            MergeBackwardCase{"SpatialAlone", 2, 3, 5, 5, false, true},
            MergeBackwardCase{"Supernet", 8, 2, 5, 19, true, false, true},
            MergeBackwardCase{"SupernetWithEverything", 8, 1, 4, 64, true, true, true, true},
            MergeBackwardCase{"SupernetOfOneChannel", 2, 1, 3, 1, false, false, true},
            MergeBackwardCase{"ManyTokens", 2, 1, 1997, 31, true},
            MergeBackwardCase{"LayerOfANetwork", 4, 2, 196, 384, true, false, false, true},
            MergeBackwardCase{"ManyImages", 4, 300, 4, 96, true},
            MergeBackwardCase{.name = "OfBranchesAlone",
                              .K = 8,
                              .B = 2,
                              .L = 49,
                              .D = 40,
                              .channel = true,
                              .spatial = true,
                              .weights = true,
                              .d_o = false},
            MergeBackwardCase{.name = "OfOAlone",
                              .K = 8,
                              .B = 2,
                              .L = 49,
                              .D = 40,
                              .channel = true,
                              .spatial = true,
                              .weights = true,
                              .branches = false},
            MergeBackwardCase{"SupernetOfWidth384", 8, 2, 9, 384, true, true, true},
            MergeBackwardCase{"Width1536", 2, 2, 9, 1536, true, true, true})),
    BackendCaseName);

TEST(MergeDirectionsBackwardTest, PlainSumNeedsNoO) {
  Tensors tensors({"", 2, 3, 4, 5});
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  ASSERT_TRUE(
      MergeDirectionsBackward({.dy = tensors.dy.view(), .d_o = tensors.d_o.view()}, stream).ok());
  std::vector<double> expected = tensors.dy.values();
  const std::vector<double> once = expected;
  expected.insert(expected.end(), once.begin(), once.end());
  EXPECT_EQ(tensors.d_o.values(), expected);
}

TEST(MergeDirectionsBackwardTest, DoesNotDependOnTheNumberOfThreads) {
  const MergeBackwardCase c = {"", 4, 3, 500, 33, true, true, true};
  Tensors one(c);
  Tensors three(c);
  Stream stream1 = *Stream::Create(Device::Cpu(), 1);
  Stream stream3 = *Stream::Create(Device::Cpu(), 3);
  ASSERT_TRUE(MergeDirectionsBackward(one.Args(), stream1).ok());
  ASSERT_TRUE(MergeDirectionsBackward(three.Args(), stream3).ok());
  EXPECT_EQ(one.dchannel.values(), three.dchannel.values());
  EXPECT_EQ(one.dglobal.values(), three.dglobal.values());
  EXPECT_EQ(one.dw.values(), three.dw.values());
}

class MergeDirectionsBackwardReferenceTest : public testing::TestWithParam<MergeBackwardCase> {};

TEST_P(MergeDirectionsBackwardReferenceTest, IsTheGradientOfTheForward) {
  const MergeBackwardCase& c = GetParam();
  const Tensors tensors(c);
  const std::vector<double> dy = tensors.dy.values();
  reference::MergeDirectionsInput input = ReferenceInput(c, tensors);
  const auto loss = [&] { return Dot(dy, reference::MergeDirections(input)); };

  const reference::MergeDirectionsGradients gradients =
      reference::MergeDirectionsBackward(input, dy);

  ExpectGradient(gradients.d_o, input.o, loss);
  ExpectGradient(gradients.dchannel, input.channel, loss);
  ExpectGradient(gradients.dlocal, input.local, loss);
  ExpectGradient(gradients.dglobal, input.global, loss);
  ExpectGradient(gradients.dw, input.w, loss);
}

INSTANTIATE_TEST_SUITE_P(Cases, MergeDirectionsBackwardReferenceTest,
                         testing::Values(MergeBackwardCase{"PlainSum", 3, 2, 3, 4},
                                         MergeBackwardCase{"Channel", 3, 2, 3, 4, true},
                                         MergeBackwardCase{"Spatial", 3, 2, 3, 4, true, true},
                                         MergeBackwardCase{"Supernet", 3, 2, 3, 4, true, true,
                                                           true}),
                         [](const auto& info) { return info.param.name; });

struct ErrorCase {
  std::string name;
  std::function<void(MergeDirectionsBackwardArgs&)> spoil;
  std::string message;  // a fragment
};

class MergeDirectionsBackwardErrorTest : public testing::TestWithParam<ErrorCase> {};

TEST_P(MergeDirectionsBackwardErrorTest, NamesTheArgument) {
  Tensors tensors({"", 2, 3, 4, 5, true, true, true, true});
  MergeDirectionsBackwardArgs args = tensors.Args();
  GetParam().spoil(args);
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  const absl::Status status = MergeDirectionsBackward(args, stream);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("merge_directions_backward: " + GetParam().message));
}

using Args = MergeDirectionsBackwardArgs;
INSTANTIATE_TEST_SUITE_P(
    Arguments, MergeDirectionsBackwardErrorTest,
    testing::Values(ErrorCase{"MissingO", [](Args& a) { a.o = {}; },
                              "\"o\" is absent, wanted the outputs of the directions"},
                    ErrorCase{"MissingDy", [](Args& a) { a.dy = {}; }, "\"dy\""},
                    ErrorCase{"GapsInO", [](Args& a) { a.o = a.o.Slice(1, 0, 2); }, "\"o\""},
                    ErrorCase{"DO", [](Args& a) { a.d_o = a.d_o.Slice(0, 0, 1); }, "\"d_o\""},
                    ErrorCase{"DOIn", [](Args& a) { a.d_o_in = a.d_o_in.Slice(0, 0, 1); },
                              "\"d_o_in\""},
                    ErrorCase{"LocalWithoutGlobal", [](Args& a) { a.global = {}; }, "\"global\""},
                    ErrorCase{"DChannelWithoutChannel", [](Args& a) { a.channel = {}; },
                              "\"dchannel\" is f32[2,3,5] on cpu, wanted no gradient of an absent"},
                    ErrorCase{"DWeights", [](Args& a) { a.dw = a.dw.Slice(0, 0, 1); },
                              "\"dw\" is f32[1] on cpu, wanted f32[2] on cpu"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace localmamba
