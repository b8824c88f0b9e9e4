// The networks' losses, gradients and first optimiser steps against those of the official code
// (golden/backbones).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "model/autograd/operations.h"
#include "model/autograd/tape.h"
#include "model/networks/network.h"
#include "model/training/train_step.h"
#include "tests/support/deterministic.h"
#include "tests/support/golden.h"
#include "tests/support/golden_network.h"

namespace localmamba {
namespace {

constexpr double kSmoothing = 0.1;
// Rows of the golden summaries: sum, sum of squares, first 8 values; of steps also the sum and the
// sum of squares of the change.
constexpr int64_t kFirstValues = 8;

struct GoldenCase {
  std::string id;
  nlohmann::json json;
};

std::vector<GoldenCase> TrainingCases() {
  std::vector<GoldenCase> cases;
  for (const nlohmann::json& json : GoldenCases("model")) {
    if (json.contains("losses_before_each_of_4_steps")) {
      cases.push_back({json.at("id").get<std::string>(), json});
    }
  }
  return cases;
}

class GoldenTrainingTest : public ::testing::TestWithParam<std::tuple<std::string, GoldenCase>> {
 protected:
  void SetUp() override {
    const std::string path = FindGoldenFile(json().at("file").get<std::string>());
    if (path.empty()) GTEST_SKIP() << "no golden file " << json().at("file");
    const auto device = Device::Parse(absl::AsciiStrToLower(std::get<0>(GetParam())));
    if (!device.ok()) GTEST_SKIP() << device.status();
    golden_ = *LoadGoldenTensors(path);
    names_ = json().at("param_names").get<std::vector<std::string>>();
    network_ = *CreateNetwork(GoldenNetworkConfig(json(), VerticalReverse::kExact));
    FillDeterministic(network_->parameters());
    for (const std::string& name : names_) {
      const Tensor& value = network_->parameters().Find(name)->value.tensor();
      initial_.emplace_back(Elements(value).begin(), Elements(value).end());
    }
    device_ = *TrainingDevice::Create(*device, /*cpu_threads=*/0);
    parameters_ = *TrainedParameters::Create(network_->parameters(), Recipe(), *device_);
    FillBatch();
  }

  [[nodiscard]] const nlohmann::json& json() const { return std::get<1>(GetParam()).json; }
  [[nodiscard]] double Tolerance(const char* what) const {
    return json().at("tolerance").at(what).get<double>();
  }

  void FillBatch() {
    const GoldenTensor& input = golden_.at("input");
    const auto labels = json().at("labels").get<std::vector<size_t>>();
    const auto classes = json().at("config").at("num_classes").get<size_t>();
    batch_.images = *AllocateHostTensor(DType::kFloat32, input.shape);
    std::copy(input.f32.begin(), input.f32.end(), batch_.images.data<float>());
    batch_.targets = *AllocateHostTensor(
        DType::kFloat32, {static_cast<int64_t>(labels.size()), static_cast<int64_t>(classes)});
    float* targets = batch_.targets.data<float>();
    std::fill_n(targets, batch_.targets.elements(),
                static_cast<float>(kSmoothing / static_cast<double>(classes)));
    for (size_t i = 0; i < labels.size(); ++i) {
      targets[i * classes + labels[i]] += static_cast<float>(1 - kSmoothing);
    }
  }

  absl::StatusOr<Tensor> ToDevice(const Tensor& host) {
    auto result = Tensor::Allocate(device_->arena(), host.dtype(), host.shape());
    if (!result.ok()) return result.status();
    const absl::Status copied = Copy(host, *result, device_->stream());
    if (!copied.ok()) return copied;
    return result;
  }

  std::vector<float> ToHost(const Tensor& tensor) {
    std::vector<float> values(static_cast<size_t>(tensor.elements()));
    EXPECT_TRUE(
        Copy(tensor, TensorView(values.data(), DType::kFloat32, tensor.shape()), device_->stream())
            .ok());
    EXPECT_TRUE(device_->stream().Synchronize().ok());
    return values;
  }

  // The summary of step 1 or 3 against the parameters as they are now.
  void ExpectStep(const std::string& summary_name);

  GoldenTensors golden_;
  std::vector<std::string> names_;
  std::unique_ptr<TrainingDevice> device_;
  std::unique_ptr<Network> network_;
  std::unique_ptr<TrainedParameters> parameters_;
  TrainingBatch batch_;
  std::vector<std::vector<float>> initial_;  // by names_
};

struct Sums {
  double sum = 0;
  double squares = 0;
};

Sums SumUp(absl::Span<const float> values) {
  Sums sums;
  for (const double value : values) {
    sums.sum += value;
    sums.squares += value * value;
  }
  return sums;
}

TEST_P(GoldenTrainingTest, LossAndGradientsAreThoseOfTheOfficialCode) {
  Tape tape;
  OpContext context{device_->stream(), device_->arena(), DType::kFloat32};
  context.tape = &tape;
  std::vector<Value> leaves;
  for (Parameter* parameter : parameters_->trained()) {
    leaves.push_back(tape.Leaf(parameter->value));
    parameter->value = leaves.back();
  }
  ASSERT_TRUE(network_->Pack(context).ok());
  const Value input = tape.Leaf(Value(*ToDevice(batch_.images)));
  const auto output = network_->Forward(context, input);
  ASSERT_TRUE(output.ok()) << output.status();
  const auto loss =
      ops::SoftmaxCrossEntropy(context, output->logits, Value(*ToDevice(batch_.targets)));
  ASSERT_TRUE(loss.ok()) << loss.status();
  EXPECT_NEAR(ToHost(loss->tensor())[0],
              json().at("losses_before_each_of_4_steps").at(0).get<double>(),
              Tolerance("loss_abs"));

  const float one = 1;
  Tensor seed = *Tensor::Allocate(device_->arena(), DType::kFloat32, {});
  ASSERT_TRUE(Copy(ConstTensorView(&one, DType::kFloat32, Shape()), seed, device_->stream()).ok());
  const absl::Status backward = tape.Backward(context, *loss, seed);
  ASSERT_TRUE(backward.ok()) << backward;

  const double tolerance = Tolerance("gradients");
  EXPECT_TRUE(MatchesGolden(ToHost(tape.Gradient(input)), golden_.at("input_grad"), tolerance));
  const GoldenTensor& summary = golden_.at("grad_summary");
  const auto columns = static_cast<size_t>(summary.shape[1]);
  ASSERT_EQ(leaves.size(), names_.size());
  for (size_t i = 0; i < leaves.size(); ++i) {
    SCOPED_TRACE(names_[i]);
    ASSERT_EQ(parameters_->trained()[i]->name, names_[i]);
    ASSERT_FALSE(tape.Gradient(leaves[i]).empty());
    const std::vector<float> gradient = ToHost(tape.Gradient(leaves[i]));
    const auto whole = golden_.find("grad/" + names_[i]);
    if (whole != golden_.end()) {
      EXPECT_TRUE(MatchesGolden(gradient, whole->second, tolerance));
      continue;
    }
    // Only sums are stored; errors of the elements are at most `tolerance` of the norm.
    const float* row = summary.f32.data() + i * columns;
    const Sums sums = SumUp(gradient);
    const double norm = std::sqrt(row[1]);
    EXPECT_NEAR(std::sqrt(sums.squares), norm, tolerance * norm);
    EXPECT_NEAR(sums.sum, row[0],
                tolerance * norm * std::sqrt(static_cast<double>(gradient.size())));
  }
}

void GoldenTrainingTest::ExpectStep(const std::string& summary_name) {
  const nlohmann::json& tolerance = json().at("tolerance");
  const GoldenTensor& summary = golden_.at(summary_name);
  const auto columns = static_cast<size_t>(summary.shape[1]);
  int64_t checked = 0;
  int64_t beyond_typical = 0;
  for (size_t i = 0; i < names_.size(); ++i) {
    SCOPED_TRACE(absl::StrCat(summary_name, " ", names_[i]));
    const float* row = summary.f32.data() + i * columns;
    const std::vector<float> now = ToHost(parameters_->trained()[i]->value.tensor());
    std::vector<float> change;
    for (size_t j = 0; j < now.size(); ++j) change.push_back(now[j] - initial_[i][j]);
    for (size_t j = 0; j < std::min<size_t>(kFirstValues, now.size()); ++j) {
      const double error = std::abs(now[j] - row[2 + j]);
      EXPECT_LE(error, tolerance.at("step_param_abs").at("worst_element").get<double>());
      if (error > tolerance.at("step_param_abs").at("typical").get<double>()) ++beyond_typical;
      ++checked;
    }
    const Sums sums = SumUp(change);
    const double squares = row[2 + kFirstValues + 1];
    EXPECT_NEAR(sums.squares, squares,
                tolerance.at("step_delta").at("sumsq_rel").get<double>() * squares);
    EXPECT_NEAR(sums.sum, row[2 + kFirstValues],
                tolerance.at("step_delta").at("sum_over_sqrt_n_sumsq").get<double>() *
                    std::sqrt(static_cast<double>(now.size()) * squares));
  }
  // The golden data's own rule: one element in a thousand, whose gradient is as small as epsilon.
  EXPECT_LE(beyond_typical, 1 + checked / 1000);
}

TEST_P(GoldenTrainingTest, ThreeStepsOfAdamWGiveTheOfficialParameters) {
  Recipe recipe;
  recipe.batch_size = batch_.images.dim(0);
  recipe.drop_path = 0;
  const auto step = *TrainStep::Create(*network_, *parameters_, recipe, DType::kFloat32, *device_);
  const nlohmann::json& losses = json().at("losses_before_each_of_4_steps");
  for (int64_t i = 0; i < 4; ++i) {
    const auto result = step->Run(batch_, i, {.learning_rate = 1e-3});
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_NEAR(result->loss, losses.at(static_cast<size_t>(i)).get<double>(),
                Tolerance("loss_abs"))
        << "step " << i;
    if (i == 0) {
      const auto norm = json().at("grad_norm").get<double>();
      EXPECT_NEAR(result->gradient_norm, norm, Tolerance("gradients") * norm);
      ExpectStep("step1_summary");
    }
    if (i == 2) ExpectStep("step3_summary");
  }
}

TEST_P(GoldenTrainingTest, RecomputedActivationsGiveTheSameStep) {
  Recipe recipe;
  recipe.batch_size = batch_.images.dim(0);
  recipe.drop_path = 0;
  recipe.checkpoint_activations = true;
  const auto step = *TrainStep::Create(*network_, *parameters_, recipe, DType::kFloat32, *device_);
  ASSERT_TRUE(step->Run(batch_, 0, {.learning_rate = 1e-3}).ok());
  ExpectStep("step1_summary");
}

INSTANTIATE_TEST_SUITE_P(Cases, GoldenTrainingTest,
                         ::testing::Combine(::testing::Values("Cpu", "Cuda"),
                                            ::testing::ValuesIn(TrainingCases())),
                         [](const auto& info) {
                           return std::get<1>(info.param).id + std::get<0>(info.param);
                         });

}  // namespace
}  // namespace localmamba
