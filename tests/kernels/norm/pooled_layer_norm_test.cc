#include "kernels/norm/pooled_layer_norm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "hwy/targets.h"
#include "tests/reference/layer_norm.h"
#include "tests/support/highway_targets.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

struct PooledLayerNormCase {
  std::string name;
  int64_t M, L, D;
  bool affine = true;
};

class PooledLayerNormTest : public ::testing::TestWithParam<PooledLayerNormCase> {};

TEST_P(PooledLayerNormTest, AgreesWithReferenceOnEveryInstructionSet) {
  const PooledLayerNormCase& c = GetParam();
  Stream stream = *Stream::Create(Device::Cpu(), 2);
  TestTensor x = TestTensor::Random({c.M, c.L, c.D}, 1, -1, 3);
  TestTensor weight = c.affine ? TestTensor::Random({c.D}, 2) : TestTensor();
  TestTensor bias = c.affine ? TestTensor::Random({c.D}, 3) : TestTensor();
  const std::vector<double> expected =
      reference::PooledLayerNorm(x.values(), weight.values(), bias.values(), 1e-5,
                                 static_cast<size_t>(c.L), static_cast<size_t>(c.D));
  for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
    SCOPED_TRACE(hwy::TargetName(target));
    const ScopedHighwayTarget scope(target);
    TestTensor y({c.M, c.D});
    const absl::Status status = PooledLayerNorm(
        {.x = x.view(), .weight = weight.view(), .bias = bias.view(), .y = y.view()}, stream);
    ASSERT_TRUE(status.ok()) << status;
    // Chunks of 64 tokens are summed and then their sums, so at most 64 + L/64 roundings.
    ExpectNear(y.values(), expected, 5e-6);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, PooledLayerNormTest,
    ::testing::Values(PooledLayerNormCase{.name = "OneToken", .M = 2, .L = 1, .D = 17},
                      PooledLayerNormCase{.name = "OneChannel", .M = 1, .L = 33, .D = 1},
                      PooledLayerNormCase{.name = "OneChunk", .M = 3, .L = 64, .D = 33},
                      PooledLayerNormCase{.name = "OneTokenMore", .M = 3, .L = 65, .D = 48},
                      PooledLayerNormCase{
                          .name = "WithoutWeights", .M = 2, .L = 49, .D = 384, .affine = false},
                      PooledLayerNormCase{.name = "ManyTokens", .M = 1, .L = 3136, .D = 192}),
    [](const auto& info) { return info.param.name; });

TEST(PooledLayerNormTest, DoesNotDependOnTheNumberOfThreads) {
  TestTensor x = TestTensor::Random({2, 1000, 33}, 1);
  TestTensor one({2, 33});
  TestTensor three({2, 33});
  Stream stream1 = *Stream::Create(Device::Cpu(), 1);
  Stream stream3 = *Stream::Create(Device::Cpu(), 3);
  ASSERT_TRUE(PooledLayerNorm({.x = x.view(), .y = one.view()}, stream1).ok());
  ASSERT_TRUE(PooledLayerNorm({.x = x.view(), .y = three.view()}, stream3).ok());
  EXPECT_EQ(one.values(), three.values());
}

TEST(PooledLayerNormTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor x({2, 5, 7});
  TestTensor weight({7});
  TestTensor y({2, 7});
  const auto message = [&](const PooledLayerNormArgs& args) {
    const absl::Status status = PooledLayerNorm(args, stream);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_THAT(message({.x = y.view(), .y = y.view()}),
              HasSubstr("pooled_layer_norm: \"x\" is f32[2,7]"));
  EXPECT_THAT(message({.x = x.view(), .weight = weight.view(), .y = y.view()}),
              HasSubstr("weight and bias, or neither"));
  EXPECT_THAT(message({.x = x.view(), .y = x.view()}), HasSubstr("\"y\""));
}

}  // namespace
}  // namespace localmamba
