#include "model/heads/segment_image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kernels/base/status_macros.h"
#include "model/heads/create_model.h"
#include "model/weights/host_tensor.h"
#include "tests/support/golden_network.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

// Gives the mean of the three channels of each fourth pixel as the logit of class 0, and 0 as that
// of class 1.
class MeanEngine final : public Engine {
 public:
  using Engine::Run;
  absl::StatusOr<EngineOutput> Run(const ConstTensorView& input,
                                   const ConstTensorView& /*sizes*/) override {
    sizes.push_back({input.dim(2), input.dim(3)});
    const int64_t h = (input.dim(2) + 3) / 4;
    const int64_t w = (input.dim(3) + 3) / 4;
    EngineOutput output;
    LM_ASSIGN_OR_RETURN(output.logits, AllocateHostTensor(DType::kFloat32, {1, h, w, 2}));
    const int64_t plane = input.dim(2) * input.dim(3);
    for (int64_t cell = 0; cell < h * w; ++cell) {
      const float* pixel = input.data<float>() + cell / w * 4 * input.dim(3) + cell % w * 4;
      output.logits.data<float>()[2 * cell] = (pixel[0] + pixel[plane] + pixel[2 * plane]) / 3;
      output.logits.data<float>()[2 * cell + 1] = 0;
    }
    return output;
  }
  absl::StatusOr<EngineOutput> Segment(const ConstTensorView& /*input*/,
                                       const LabelMapRequest& /*request*/) override {
    return absl::UnimplementedError("");
  }
  absl::StatusOr<std::vector<OperationProfile>> Profile(const ConstTensorView& /*input*/) override {
    return absl::UnimplementedError("");
  }
  [[nodiscard]] const Network& network() const override { std::abort(); }
  [[nodiscard]] std::vector<int64_t> WarmUpBatches(int64_t /*max_batch*/) const override {
    return {1};
  }
  void ReleaseMemory() override {}

  std::vector<std::pair<int64_t, int64_t>> sizes;
};

class SegmentImageTest : public testing::Test {
 protected:
  // A constant image.
  static Tensor Image(int64_t height, int64_t width, float value) {
    Tensor image = *AllocateHostTensor(DType::kFloat32, {1, 3, height, width});
    std::fill_n(image.data<float>(), image.elements(), value);
    return image;
  }

  MeanEngine engine_;
  Stream stream_ = *Stream::Create(Device::Cpu(), 1);
};

TEST_F(SegmentImageTest, WindowsCoverTheImageAndTheirMeanIsTaken) {
  const SlideConfig slide = {
      .window_height = 8, .window_width = 16, .step_height = 6, .step_width = 16};
  const auto logits = SegmentInput(engine_, Image(20, 17, 3), slide, stream_);
  ASSERT_TRUE(logits.ok()) << logits.status();
  EXPECT_EQ(logits->shape(), (Shape{1, 20, 17, 2}));
  for (int64_t i = 0; i < 20 * 17; ++i) {
    ASSERT_FLOAT_EQ(logits->data<float>()[2 * i], 3) << "pixel " << i;
  }
  // Rows from 0, 6 and 12, columns from 0 and 1.
  EXPECT_EQ(engine_.sizes, (std::vector<std::pair<int64_t, int64_t>>(6, {8, 16})));
}

TEST_F(SegmentImageTest, AWindowIsNoLargerThanTheImage) {
  const auto logits = SegmentInput(engine_, Image(5, 7, 1), SlideConfig{}, stream_);
  ASSERT_TRUE(logits.ok()) << logits.status();
  EXPECT_EQ(logits->shape(), (Shape{1, 5, 7, 2}));
  EXPECT_EQ(engine_.sizes, (std::vector<std::pair<int64_t, int64_t>>{{5, 7}}));
}

TEST_F(SegmentImageTest, LabelsHaveTheSizeOfTheSourceAndSeeNoPadding) {
  Tensor image = Image(8, 8, -1);
  for (int64_t row = 0; row < 3 * 8; ++row) {
    std::fill_n(image.data<float>() + row * 8 + 4, 4, 1.0F);  // the padding
  }
  const auto logits = SegmentInput(engine_, image, std::nullopt, stream_);
  ASSERT_TRUE(logits.ok()) << logits.status();
  const KeepRatioConfig config = {.long_side = 8, .short_side = 4, .pad_divisor = 8};
  const auto labels = LabelMap(*logits, KeepRatioGeometry(config, 6, 3), stream_);
  ASSERT_TRUE(labels.ok()) << labels.status();
  ASSERT_EQ(labels->shape(), (Shape{6, 3}));
  EXPECT_EQ(labels->data<int32_t>()[0], 1);
  EXPECT_EQ(labels->data<int32_t>()[6 * 3 - 3], 1);
  const auto source = SourceLogits(*logits, KeepRatioGeometry(config, 6, 3), stream_);
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ(source->shape(), (Shape{1, 6, 3, 2}));
}

TEST_F(SegmentImageTest, NamesWhatIsWrong) {
  const ImageGeometry geometry = KeepRatioGeometry({}, 6, 3);
  EXPECT_THAT(std::string(LabelMap(Image(8, 8, 0), geometry, stream_).status().message()),
              HasSubstr("label_map: \"logits\" is f32[1,3,8,8]"));
  const Tensor batch = *AllocateHostTensor(DType::kFloat32, {2, 3, 8, 8});
  const auto logits = SegmentInput(engine_, batch, std::nullopt, stream_);
  EXPECT_EQ(logits.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(logits.status().message()),
              HasSubstr("segment: \"input\" is f32[2,3,8,8] on cpu, wanted f32[1,3,-1,-1]"));
}

}  // namespace
}  // namespace localmamba
