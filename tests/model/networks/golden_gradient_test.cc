// Losses and gradients of small networks against those of the official code, on the CPU and on a
// GPU in every dtype.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "tests/support/backend.h"
#include "tests/support/golden.h"
#include "tests/support/golden_network.h"
#include "tests/support/training_pass.h"

namespace localmamba {
namespace {

// Relative L2 errors of the gradients of 16-bit passes: a backward pass rounds about twice as many
// intermediate results as the forward pass whose outputs are allowed half of this.
double RelativeLimit(DType dtype) { return dtype == DType::kFloat16 ? 2e-2 : 12e-2; }

// What all gradients of a parameter must be within. Gradients of single parameters can be small
// differences of large sums, so the error is measured against the norm of all of them as well.
class Expectation {
 public:
  Expectation(DType dtype, double tolerance) : dtype_(dtype), tolerance_(tolerance) {}

  void Compare(const std::string& name, const std::vector<float>& found,
               const GoldenTensor& expected) {
    if (dtype_ == DType::kFloat32) {
      EXPECT_TRUE(MatchesGolden(found, expected, tolerance_)) << name;
      return;
    }
    ASSERT_EQ(found.size(), expected.f32.size()) << name;
    for (size_t i = 0; i < found.size(); ++i) {
      error_ += std::pow(double{found[i]} - double{expected.f32[i]}, 2);
      norm_ += std::pow(double{expected.f32[i]}, 2);
    }
  }

  void CompareAll() const {
    if (dtype_ == DType::kFloat32) return;
    EXPECT_LE(std::sqrt(error_ / norm_), RelativeLimit(dtype_));
  }

 private:
  DType dtype_;
  double tolerance_;
  double error_ = 0;
  double norm_ = 0;
};

std::vector<nlohmann::json> CasesWithGradients() {
  std::vector<nlohmann::json> cases;
  for (const nlohmann::json& golden : GoldenCases("model")) {
    if (golden.at("tolerance").contains("gradients")) cases.push_back(golden);
  }
  return cases;
}

class GoldenGradientTest : public testing::TestWithParam<std::tuple<Backend, nlohmann::json>> {};

TEST_P(GoldenGradientTest, LossesAndGradientsAreThoseOfTheOfficialCode) {
  const auto& [backend, golden] = GetParam();
  if (const auto device = Device::Parse(backend.device.ToString()); !device.ok()) {
    GTEST_SKIP() << device.status().message();
  }
  const std::string path = FindGoldenFile(golden.at("file").get<std::string>());
  if (path.empty()) GTEST_SKIP() << "golden file is not here";
  const GoldenTensors tensors = *LoadGoldenTensors(path);

  const NetworkConfig config = GoldenNetworkConfig(golden, VerticalReverse::kExact);
  TrainingPass pass(config, backend.device, backend.dtype);
  const bool classifies = golden.contains("labels");
  const TrainingPass::Result result =
      classifies
          ? pass.Classify(GoldenInputShape(golden), golden.at("labels").get<std::vector<int64_t>>(),
                          golden.at("label_smoothing").get<double>())
          : pass.WeighFeatures(GoldenInputShape(golden));

  if (backend.dtype == DType::kFloat32) {
    const double loss = classifies ? golden.at("losses_before_each_of_4_steps")[0].get<double>()
                                   : golden.at("loss_sum_feature_times_dout").get<double>();
    EXPECT_NEAR(result.loss, loss, 1e-5 * std::max(1.0, std::abs(loss)));
  }
  Expectation expectation(backend.dtype, golden.at("tolerance").at("gradients").get<double>());
  expectation.Compare("input", result.input_gradient, tensors.at("input_grad"));
  int compared = 0;
  for (const auto& [key, tensor] : tensors) {
    absl::string_view name = key;
    if (!absl::ConsumePrefix(&name, "grad/")) continue;
    expectation.Compare(key, result.gradients.at(std::string(name)), tensor);
    ++compared;
  }
  EXPECT_GT(compared, 0) << "the golden file has no gradients";
  expectation.CompareAll();
}

INSTANTIATE_TEST_SUITE_P(All, GoldenGradientTest,
                         testing::Combine(testing::ValuesIn(Backends()),
                                          testing::ValuesIn(CasesWithGradients())),
                         [](const auto& info) {
                           return std::get<0>(info.param).name + "_" +
                                  std::get<1>(info.param).at("id").template get<std::string>();
                         });

}  // namespace
}  // namespace localmamba
