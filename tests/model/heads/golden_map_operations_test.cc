// The operations of segmentation heads against what PyTorch computes (tests/golden/heads/README.md,
// section 6).
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "model/autograd/operations.h"
#include "model/layers/batch_norm_conv.h"
#include "tests/support/golden.h"
#include "tests/support/golden_network.h"

namespace localmamba {
namespace {

class GoldenMapOperationsTest : public testing::Test {
 protected:
  GoldenMapOperationsTest()
      : golden_(*LoadGoldenTensors(FindGoldenFile("ops.safetensors", "heads"))),
        memory_(*CreateDeviceAllocator(Device::Cpu())),
        stream_(*Stream::Create(Device::Cpu(), 2)) {}

  // A golden tensor, elements as they are.
  Value Golden(const std::string& name) {
    return Copied(golden_.at(name).f32, golden_.at(name).shape);
  }
  // A golden map (B, C, H, W) channels last.
  Value Map(const std::string& name) {
    const GoldenTensor& tensor = golden_.at(name);
    const Shape& shape = tensor.shape;
    return Copied(ChannelsLast(tensor), {shape[0], shape[2], shape[3], shape[1]});
  }

  void ExpectMap(const absl::StatusOr<Value>& found, const std::string& name) {
    ASSERT_TRUE(found.ok()) << found.status();
    const GoldenTensor& golden = golden_.at(name);
    ASSERT_EQ(found->shape(),
              (Shape{golden.shape[0], golden.shape[2], golden.shape[3], golden.shape[1]}));
    const std::vector<float> expected = ChannelsLast(golden);
    for (size_t i = 0; i < expected.size(); ++i) {
      ASSERT_NEAR(Elements(found->tensor())[i], expected[i], 2e-5) << name << ", element " << i;
    }
  }

  GoldenTensors golden_;
  std::unique_ptr<Allocator> memory_;
  Stream stream_;
  OpContext context_{stream_, *memory_};

 private:
  Value Copied(const std::vector<float>& elements, const Shape& shape) {
    Tensor tensor = *Tensor::Allocate(*memory_, DType::kFloat32, shape);
    std::copy(elements.begin(), elements.end(), tensor.data<float>());
    return Value(std::move(tensor));
  }
};

TEST_F(GoldenMapOperationsTest, Resizes) {
  const Value x = Map("resample.in");
  for (const auto& [height, width] : {std::pair(9, 11), {3, 4}, {10, 14}, {13, 5}}) {
    ExpectMap(ops::ResizeBilinear(context_, x, height, width),
              absl::StrCat("resample.bilinear_", height, "x", width));
  }
  for (const auto& [height, width] : {std::pair(11, 13), {10, 14}, {3, 4}}) {
    ExpectMap(ops::ResizeNearest(context_, x, height, width),
              absl::StrCat("resample.nearest_", height, "x", width));
  }
}

TEST_F(GoldenMapOperationsTest, Pools) {
  const Value x = Map("pool.in");
  for (const int bins : {1, 2, 3, 6}) {
    ExpectMap(ops::AdaptiveAveragePool(context_, x, bins),
              absl::StrCat("pool.adaptive_avg_", bins));
  }
}

TEST_F(GoldenMapOperationsTest, ConvolvesNormalisesAndActivates) {
  ParameterSet parameters;
  BatchNormConv layer(parameters, "m", /*in=*/3, /*out=*/4, /*kernel=*/3);
  const auto set = [&](const std::string& parameter, const std::string& golden) {
    parameters.Find(parameter)->value = Golden("conv_bn_relu." + golden);
  };
  set("m.conv.weight", "conv_weight");
  set("m.bn.weight", "bn_weight");
  set("m.bn.bias", "bn_bias");
  set("m.bn.running_mean", "running_mean");
  set("m.bn.running_var", "running_var");
  ASSERT_TRUE(layer.Pack(context_).ok());
  ExpectMap(layer.Forward(context_, Map("conv_bn_relu.in")), "conv_bn_relu.out_eval");
}

TEST_F(GoldenMapOperationsTest, ConcatenatesWhatItResizes) {
  const Value x = Map("resample.in");
  const auto joined = ops::ConcatResized(context_, {x, x}, 9, 11);
  ASSERT_TRUE(joined.ok()) << joined.status();
  ASSERT_EQ(joined->shape(), (Shape{1, 9, 11, 4}));
  const auto alone = ops::ResizeBilinear(context_, x, 9, 11);
  for (size_t i = 0; i < Elements(alone->tensor()).size(); ++i) {
    for (const size_t part : {size_t{0}, size_t{2}}) {
      ASSERT_EQ(Elements(joined->tensor())[i / 2 * 4 + part + i % 2], Elements(alone->tensor())[i]);
    }
  }
}

}  // namespace
}  // namespace localmamba
