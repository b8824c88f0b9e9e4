// A detector as engines run it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "model/engine/engine.h"
#include "model/weights/host_tensor.h"
#include "tests/model/heads/golden_detector.h"
#include "tests/support/backend.h"
#include "tests/support/deterministic.h"
#include "tests/support/golden_heads.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

class DetectorEngineTest : public ::testing::TestWithParam<Backend> {
 protected:
  void SetUp() override {
    const auto stream = Stream::Create(GetParam().device);
    if (!stream.ok()) GTEST_SKIP() << stream.status();
    engine_ = MakeEngine({.device = GetParam().device, .dtype = GetParam().dtype});
    capacity_ = GoldenDetectionConfig(GoldenHeadCase("d1_official")).max_detections;
  }

  static std::unique_ptr<Engine> MakeEngine(EngineOptions options) {
    options.cpu_threads = 1;
    const nlohmann::json golden_case = GoldenHeadCase("d1_official");
    auto detector = std::make_unique<MaskRcnn>(GoldenBackboneConfig(golden_case),
                                               GoldenDetectionConfig(golden_case));
    FillGoldenWeights(golden_case, detector->parameters());
    return Engine::Create(std::move(detector), options).value();
  }

  // Images of noise.
  static Tensor Images(const std::vector<std::string>& names) {
    Tensor images = *AllocateHostTensor(DType::kFloat32,
                                        {static_cast<int64_t>(names.size()), 3, kHeight, kWidth});
    float* to = images.data<float>();
    for (const std::string& name : names) {
      const std::vector<float> elements = DeterministicInput(name, 3 * kHeight * kWidth);
      to = std::copy(elements.begin(), elements.end(), to);
    }
    return images;
  }
  static Tensor Sizes(const std::vector<int32_t>& sizes) {
    Tensor tensor = *AllocateHostTensor(DType::kInt32, {static_cast<int64_t>(sizes.size()) / 2, 2});
    std::copy(sizes.begin(), sizes.end(), tensor.data<int32_t>());
    return tensor;
  }

  static constexpr int64_t kHeight = 96;
  static constexpr int64_t kWidth = 128;

  int64_t capacity_ = 0;
  std::unique_ptr<Engine> engine_;
};

std::string Bytes(const Tensor& tensor) {
  return {static_cast<const char*>(tensor.view().raw_data()),
          static_cast<size_t>(tensor.elements()) * SizeOf(tensor.dtype())};
}

TEST_P(DetectorEngineTest, GivesRowsForAllThatMayBeFound) {
  const auto output = engine_->Run(Images({"first"}));
  ASSERT_TRUE(output.ok()) << output.status();
  ASSERT_TRUE(output->detections.has_value());
  const EngineDetections& found = *output->detections;
  EXPECT_EQ(found.boxes.shape(), Shape({1, capacity_, 4}));
  EXPECT_EQ(found.scores.shape(), Shape({1, capacity_}));
  EXPECT_EQ(found.classes.shape(), Shape({1, capacity_}));
  EXPECT_EQ(found.counts.shape(), Shape({1}));
  EXPECT_EQ(found.mask_logits.shape(), Shape({1, capacity_, kMaskSize, kMaskSize}));
  EXPECT_GT(found.counts.data<int32_t>()[0], 3);
  EXPECT_TRUE(output->logits.empty());
  EXPECT_TRUE(output->features.empty());
}

TEST_P(DetectorEngineTest, KeepsBoxesInsideTheImage) {
  const auto output = engine_->Run(Images({"first", "second"}), Sizes({96, 128, 70, 50}));
  ASSERT_TRUE(output.ok()) << output.status();
  const EngineDetections& found = *output->detections;
  const int32_t count = found.counts.data<int32_t>()[1];
  EXPECT_GT(count, 0);
  const float* box = found.boxes.data<float>() + capacity_ * 4;
  for (int32_t i = 0; i < count; ++i, box += 4) {
    EXPECT_LE(box[2], 50);
    EXPECT_LE(box[3], 70);
  }
}

TEST_P(DetectorEngineTest, GivesTheSameBitsAgain) {
  const Tensor images = Images({"first", "second"});
  const auto once = engine_->Run(images);
  ASSERT_TRUE(once.ok()) << once.status();
  ASSERT_TRUE(engine_->Run(Images({"other"})).ok());
  const auto again = engine_->Run(images);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(Bytes(once->detections->boxes), Bytes(again->detections->boxes));
  EXPECT_EQ(Bytes(once->detections->scores), Bytes(again->detections->scores));
  EXPECT_EQ(Bytes(once->detections->classes), Bytes(again->detections->classes));
  EXPECT_EQ(Bytes(once->detections->counts), Bytes(again->detections->counts));
}

// In float32; in 16 bits close decisions fall otherwise.
TEST_P(DetectorEngineTest, AgreesWithTheCpu) {
  if (GetParam().dtype != DType::kFloat32) GTEST_SKIP() << "for float32";
  const Tensor images = Images({"first", "second", "third"});
  const Tensor sizes = Sizes({96, 128, 70, 50, 96, 100});
  const auto cpu = MakeEngine({})->Run(images, sizes);
  const auto output = engine_->Run(images, sizes);
  ASSERT_TRUE(cpu.ok() && output.ok()) << cpu.status() << output.status();
  const EngineDetections& expected = *cpu->detections;
  const EngineDetections& found = *output->detections;
  EXPECT_EQ(Bytes(found.counts), Bytes(expected.counts));
  EXPECT_EQ(Bytes(found.classes), Bytes(expected.classes));
  for (int64_t i = 0; i < found.boxes.elements(); ++i) {
    EXPECT_NEAR(found.boxes.data<float>()[i], expected.boxes.data<float>()[i], 1e-3);
  }
  for (int64_t i = 0; i < found.scores.elements(); ++i) {
    // Each is within 1e-5 of the exact score.
    EXPECT_NEAR(found.scores.data<float>()[i], expected.scores.data<float>()[i], 2e-5);
  }
  const int64_t cells = kMaskSize * kMaskSize;
  for (int64_t image = 0; image < 3; ++image) {
    for (int64_t i = 0; i < expected.counts.data<int32_t>()[image] * cells; ++i) {
      const int64_t cell = image * capacity_ * cells + i;
      ASSERT_NEAR(found.mask_logits.data<float>()[cell], expected.mask_logits.data<float>()[cell],
                  5e-3);
    }
  }
}

TEST_P(DetectorEngineTest, NamesSizesThatDoNotFit) {
  const Tensor images = Images({"first"});
  const auto large = engine_->Run(images, Sizes({97, 128}));
  EXPECT_EQ(large.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(large.status().message()),
              HasSubstr("\"sizes\" of image 0 is 97x128, wanted 1x1 to 96x128"));
  const auto many = engine_->Run(images, Sizes({96, 128, 96, 128}));
  EXPECT_THAT(std::string(many.status().message()), HasSubstr("wanted i32[1,2]"));
}

INSTANTIATE_TEST_SUITE_P(Devices, DetectorEngineTest, ::testing::ValuesIn(Backends()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace localmamba
