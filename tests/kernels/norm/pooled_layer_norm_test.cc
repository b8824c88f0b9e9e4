#include "kernels/norm/pooled_layer_norm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/reference/layer_norm.h"
#include "tests/support/backend.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

struct PooledLayerNormCase {
  std::string name;
  int64_t M, L, D;
  bool affine = true;
};

class PooledLayerNormTest : public BackendTest<PooledLayerNormCase> {};

TEST_P(PooledLayerNormTest, AgreesWithReference) {
  const PooledLayerNormCase& c = test_case();
  TestTensor x = TestTensor::Random({c.M, c.L, c.D}, 1, -1, 3);
  TestTensor weight = c.affine ? TestTensor::Random({c.D}, 2) : TestTensor();
  TestTensor bias = c.affine ? TestTensor::Random({c.D}, 3) : TestTensor();
  TestTensor y({c.M, c.D});
  const PooledLayerNormArgs args = {
      .x = Data(x), .weight = Float32(weight), .bias = Float32(bias), .y = Float32(y)};

  ASSERT_TRUE(Fetch(PooledLayerNorm(args, stream())));

  // Chunks of 64 tokens are summed and then their sums, so at most 64 + L/64 roundings; on CUDA no
  // chunk is longer than 196.
  ExpectNear(y.values(),
             reference::PooledLayerNorm(x.values(), weight.values(), bias.values(), 1e-5,
                                        static_cast<size_t>(c.L), static_cast<size_t>(c.D)),
             5e-6);
}

TEST_P(PooledLayerNormTest, IsTheSameEveryTime) {
  const PooledLayerNormCase& c = test_case();
  TestTensor x = TestTensor::Random({c.M, c.L, c.D}, 1, -1, 3);
  TestTensor first({c.M, c.D});
  TestTensor second({c.M, c.D});
  ASSERT_TRUE(PooledLayerNorm({.x = Data(x), .y = Float32(first)}, stream()).ok());
  ASSERT_TRUE(Fetch(PooledLayerNorm({.x = Data(x), .y = Float32(second)}, stream())));
  EXPECT_EQ(first.values(), second.values());
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, PooledLayerNormTest,
    ::testing::Combine(
        ::testing::ValuesIn(BackendsAndInstructionSets()),
        ::testing::Values(PooledLayerNormCase{.name = "OneToken", .M = 2, .L = 1, .D = 17},
                          PooledLayerNormCase{.name = "OneChannel", .M = 1, .L = 33, .D = 1},
                          PooledLayerNormCase{.name = "OneChunk", .M = 3, .L = 64, .D = 33},
                          PooledLayerNormCase{.name = "OneTokenMore", .M = 3, .L = 65, .D = 48},
                          PooledLayerNormCase{
                              .name = "WithoutWeights", .M = 2, .L = 49, .D = 384, .affine = false},
                          PooledLayerNormCase{.name = "ManyTokens", .M = 1, .L = 3136, .D = 192},
                          PooledLayerNormCase{.name = "ManySequences", .M = 1100, .L = 17, .D = 96},
                          PooledLayerNormCase{.name = "Width768", .M = 4, .L = 196, .D = 768},
                          PooledLayerNormCase{.name = "Width1536", .M = 4, .L = 49, .D = 1536},
                          PooledLayerNormCase{.name = "Width3072", .M = 2, .L = 20, .D = 3072})),
    BackendCaseName);

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
