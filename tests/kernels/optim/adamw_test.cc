#include "kernels/optim/adamw.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <string>
#include <vector>

#include "kernels/optim/gradient_norm.h"
#include "tests/reference/adamw.h"
#include "tests/support/backend.h"
#include "tests/support/golden.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

struct AdamWCase {
  std::string name;
  std::vector<Shape> shapes;
  double unscale = 1.0;
  double max_norm = 0.0;
};

// One parameter with its gradient and state.
struct Parameter {
  TestTensor value, gradient, m, v;
};

class AdamWTest : public BackendTest<AdamWCase> {
 protected:
  void MakeParameters() {
    for (const Shape& shape : test_case().shapes) {
      const auto seed = static_cast<uint32_t>(10 * parameters_.size());
      parameters_.push_back({TestTensor::Random(shape, seed), TestTensor::Random(shape, seed + 1),
                             TestTensor::Random(shape, seed + 2, -0.1, 0.1),
                             TestTensor::Random(shape, seed + 3, 0, 0.1)});
      Parameter& parameter = parameters_.back();
      // Every other tensor decays.
      tensors_.push_back({.parameter = Data(parameter.value),
                          .gradient = Data(parameter.gradient),
                          .first_moment = Data(parameter.m),
                          .second_moment = Data(parameter.v),
                          .weight_decay = parameters_.size() % 2 == 0 ? 0.04 : 0.0});
    }
    steps_ = Upload({&taken_, DType::kInt64, Shape()});
  }

  [[nodiscard]] int64_t StepsTaken() {
    int64_t taken = -1;
    EXPECT_TRUE(Fetch(steps_, {&taken, DType::kInt64, Shape()}));
    return taken;
  }

  const int64_t taken_ = 4;
  std::deque<Parameter> parameters_;
  std::vector<AdamWTensor> tensors_;
  TensorView steps_;
};

TEST_P(AdamWTest, AgreesWithReference) {
  MakeParameters();
  const AdamWCase& c = test_case();
  double sum = 0.0;
  std::vector<reference::AdamWState> expected;
  for (const Parameter& parameter : parameters_) {
    for (const double g : parameter.gradient.values()) sum += g * g;
    expected.push_back({parameter.value.values(), parameter.m.values(), parameter.v.values()});
  }
  const double norm = std::sqrt(sum) * c.unscale;
  const double factor =
      c.unscale * (c.max_norm == 0.0 ? 1.0 : std::min(1.0, c.max_norm / (norm + 1e-6)));
  TestTensor gradient_norm{Shape()};
  std::vector<ConstTensorView> gradients;
  for (const AdamWTensor& tensor : tensors_) gradients.push_back(tensor.gradient);
  ASSERT_TRUE(GradientNorm(gradients, Data(gradient_norm), stream()).ok());
  const AdamWArgs args = {.tensors = tensors_,
                          .steps = steps_,
                          .gradient_norm = Data(gradient_norm),
                          .learning_rate = 1e-2,
                          .unscale = c.unscale,
                          .max_norm = c.max_norm};
  for (int step = 5; step <= 7; ++step) {
    ASSERT_TRUE(AdamW(args, stream()).ok());
    for (size_t i = 0; i < expected.size(); ++i) {
      std::vector<double> gradient = parameters_[i].gradient.values();
      for (double& g : gradient) g *= factor;
      reference::AdamW(gradient,
                       {.learning_rate = args.learning_rate,
                        .beta1 = args.beta1,
                        .beta2 = args.beta2,
                        .epsilon = args.epsilon,
                        .weight_decay = tensors_[i].weight_decay},
                       step, expected[i]);
    }
  }
  ASSERT_TRUE(Fetch(absl::OkStatus()));

  EXPECT_EQ(StepsTaken(), 7);
  // Values below 1 and three updates of a few roundings each. An update is a quotient, of size 1 in
  // units of the learning rate but for small v.
  for (size_t i = 0; i < expected.size(); ++i) {
    SCOPED_TRACE(i);
    ExpectNear(parameters_[i].m.values(), expected[i].first_moment, 4e-7);
    ExpectNear(parameters_[i].v.values(), expected[i].second_moment, 4e-7);
    ExpectNear(parameters_[i].value.values(), expected[i].parameter, 1e-6);
  }
}

TEST_P(AdamWTest, SkipsAStepWhoseGradientIsNotFinite) {
  MakeParameters();
  TestTensor norm = TestTensor::Random(Shape(), 1);
  norm.storage()[0] = std::numeric_limits<float>::infinity();
  std::vector<std::vector<double>> before;
  for (Parameter& parameter : parameters_) {
    before.push_back(parameter.value.values());
    before.push_back(parameter.m.values());
    before.push_back(parameter.v.values());
  }
  ASSERT_TRUE(
      Fetch(AdamW({.tensors = tensors_, .steps = steps_, .gradient_norm = Data(norm)}, stream())));
  EXPECT_EQ(StepsTaken(), taken_);
  for (size_t i = 0; i < parameters_.size(); ++i) {
    EXPECT_EQ(parameters_[i].value.values(), before[3 * i]);
    EXPECT_EQ(parameters_[i].m.values(), before[3 * i + 1]);
    EXPECT_EQ(parameters_[i].v.values(), before[3 * i + 2]);
  }
}

std::vector<Shape> ManySmallShapes() {
  std::vector<Shape> shapes;
  for (int64_t i = 0; i < 300; ++i) shapes.push_back({1 + i % 7, 1 + i % 5});
  return shapes;
}

INSTANTIATE_TEST_SUITE_P(
    Lists, AdamWTest,
    testing::Combine(
        testing::ValuesIn(Float32Backends()),
        testing::Values(
            AdamWCase{.name = "OneElement", .shapes = {Shape{1}}},
            AdamWCase{.name = "SeveralShapes", .shapes = {{17}, {70001}, {3, 5, 7}, {4096}}},
            AdamWCase{.name = "ManySmallOnes", .shapes = ManySmallShapes()},
            AdamWCase{.name = "Unscaled", .shapes = {{100}, {33}}, .unscale = 0.25},
            AdamWCase{.name = "Clipped", .shapes = {{1000}, {33}}, .max_norm = 1.0},
            AdamWCase{.name = "WithinTheLargestNorm", .shapes = {{10}, {33}}, .max_norm = 100.0},
            AdamWCase{.name = "UnscaledAndClipped",
                      .shapes = {{1000}, {33}},
                      .unscale = 0.5,
                      .max_norm = 2.0})),
    BackendCaseName);

// The first step of the official training of a small network, from its own weights and gradients.
TEST(AdamWGoldenTest, TakesTheOfficialFirstStep) {
  nlohmann::json found;
  for (const nlohmann::json& model : GoldenCases("model")) {
    if (model.at("id") == "vim_rope_mean") found = model;
  }
  ASSERT_FALSE(found.is_null());
  const auto golden = LoadGoldenTensors(FindGoldenFile("vim_rope_mean.safetensors"));
  auto weights = LoadGoldenTensors(FindGoldenFile("vim_rope_mean_weights.safetensors"));
  ASSERT_TRUE(golden.ok() && weights.ok());
  const nlohmann::json& optimizer = found.at("optimizer");
  const auto names = found.at("param_names").get<std::vector<std::string>>();
  const auto without_decay = found.at("no_decay").get<std::vector<std::string>>();
  std::deque<std::vector<float>> states;
  std::vector<AdamWTensor> tensors;
  std::vector<ConstTensorView> gradients;
  for (const std::string& name : names) {
    GoldenTensor& weight = weights->at(name);
    const bool decays =
        std::find(without_decay.begin(), without_decay.end(), name) == without_decay.end();
    const auto zeros = [&]() -> TensorView {
      return {states.emplace_back(weight.f32.size()).data(), DType::kFloat32, weight.shape};
    };
    gradients.push_back(golden->at("grad/" + name).view());
    tensors.push_back({.parameter = {weight.f32.data(), DType::kFloat32, weight.shape},
                       .gradient = gradients.back(),
                       .first_moment = zeros(),
                       .second_moment = zeros(),
                       .weight_decay = decays ? optimizer.at("weight_decay").get<double>() : 0.0});
  }
  Stream stream = *Stream::Create(Device::Cpu(), 2);
  float norm = 0.0F;
  int64_t steps = 0;
  ASSERT_TRUE(GradientNorm(gradients, {&norm, DType::kFloat32, Shape()}, stream).ok());
  EXPECT_NEAR(norm, found.at("grad_norm").get<double>(), 1e-6);
  ASSERT_TRUE(AdamW({.tensors = tensors,
                     .steps = {&steps, DType::kInt64, Shape()},
                     .learning_rate = optimizer.at("lr").get<double>(),
                     .epsilon = optimizer.at("eps").get<double>()},
                    stream)
                  .ok());
  // Rows of sum, sum of squares, first 8 values and more.
  const GoldenTensor& summary = golden->at("step1_summary");
  for (size_t i = 0; i < names.size(); ++i) {
    const std::vector<float>& updated = weights->at(names[i]).f32;
    for (size_t k = 0; k < std::min<size_t>(8, updated.size()); ++k) {
      EXPECT_NEAR(updated[k], summary.f32[i * static_cast<size_t>(summary.shape[1]) + 2 + k], 1e-6)
          << names[i] << "[" << k << "]";
    }
  }
}

TEST(AdamWTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  int64_t count = 0;
  const TensorView steps(&count, DType::kInt64, Shape());
  TestTensor a({3});
  TestTensor b({4});
  const auto message = [&](const AdamWArgs& args) {
    const absl::Status status = AdamW(args, stream);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  const std::vector<AdamWTensor> tensors = {{a.view(), a.view(), a.view(), a.view()},
                                            {a.view(), b.view(), a.view(), a.view()}};
  EXPECT_THAT(message({.tensors = tensors, .steps = steps}),
              HasSubstr("adamw: \"gradient 1\" is f32[4] on cpu, wanted f32[3] on cpu"));
  EXPECT_THAT(message({.tensors = {}}), HasSubstr("\"steps\""));
  EXPECT_THAT(message({.steps = steps, .beta2 = 1.0}),
              HasSubstr("adamw: beta2 is 1, wanted 0 to below 1"));
  EXPECT_THAT(message({.steps = steps, .max_norm = 5.0}),
              HasSubstr("adamw: max_norm is 5, wanted a gradient_norm with it"));
  EXPECT_EQ(count, 0);
}

}  // namespace
}  // namespace localmamba
