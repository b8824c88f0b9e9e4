// The operations on pixels against what Pillow makes of the same picture
// (tests/golden/augmentation).
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <ostream>
#include <string>

#include "model/data/color_operations.h"
#include "model/data/geometric_operations.h"
#include "tests/support/golden.h"
#include "tests/support/source_dir.h"

namespace localmamba {
namespace {

constexpr Rgb kFill = {124, 116, 104};

RgbImage ToImage(const GoldenTensor& tensor) {
  RgbImage image(tensor.shape[0], tensor.shape[1]);
  for (size_t i = 0; i < image.bytes().size(); ++i) {
    image.bytes()[i] = static_cast<uint8_t>(tensor.i32[i]);
  }
  return image;
}

struct Case {
  std::string golden;  // name of the result
  std::function<void(RgbImage&)> apply;
  // Share of the levels that may be off by one: single instead of double precision, truncated.
  double off_by_one = 0;
  std::string input = "input";

  friend std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.golden; }
};

constexpr double kSampled = 0.005;

class OperationTest : public testing::TestWithParam<Case> {};

TEST_P(OperationTest, EqualsPillow) {
  const auto tensors =
      LoadGoldenTensors(SourceDir() + "/tests/golden/augmentation/operations.safetensors");
  ASSERT_TRUE(tensors.ok()) << tensors.status();
  RgbImage image = ToImage(tensors->at(GetParam().input));
  GetParam().apply(image);
  const RgbImage expected = ToImage(tensors->at(GetParam().golden));
  ASSERT_EQ(image.view().shape(), expected.view().shape());
  int64_t differences = 0;
  for (size_t i = 0; i < expected.bytes().size(); ++i) {
    const int difference = std::abs(image.bytes()[i] - expected.bytes()[i]);
    ASSERT_LE(difference, GetParam().off_by_one > 0 ? 1 : 0) << "at " << i;
    differences += difference;
  }
  EXPECT_LE(static_cast<double>(differences),
            GetParam().off_by_one * static_cast<double>(expected.bytes().size()));
}

void ZoomBy(RgbImage& image, double factor) {
  Stream stream = Stream::Create(Device::Cpu(), 1).value();
  ASSERT_TRUE(Zoom(image, factor, stream).ok());
}

INSTANTIATE_TEST_SUITE_P(
    Color, OperationTest,
    testing::Values(Case{"auto_contrast", [](RgbImage& image) { AutoContrast(image); }, 0,
                         "low_contrast"},
                    Case{"equalize", [](RgbImage& image) { Equalize(image); }},
                    Case{"invert", [](RgbImage& image) { Invert(image); }},
                    Case{"posterize 3", [](RgbImage& image) { Posterize(image, 3); }},
                    Case{"posterize 4", [](RgbImage& image) { Posterize(image, 4); }},
                    Case{"solarize 100", [](RgbImage& image) { Solarize(image, 100); }},
                    Case{"solarize 230", [](RgbImage& image) { Solarize(image, 230); }},
                    Case{"solarize_add 99", [](RgbImage& image) { SolarizeAdd(image, 99); }},
                    Case{"color 0.3", [](RgbImage& image) { AdjustSaturation(image, 0.3); }},
                    Case{"color 1.72", [](RgbImage& image) { AdjustSaturation(image, 1.72); }},
                    Case{"contrast 0.3", [](RgbImage& image) { AdjustContrast(image, 0.3); }},
                    Case{"contrast 1.72", [](RgbImage& image) { AdjustContrast(image, 1.72); }},
                    Case{"brightness 0.3", [](RgbImage& image) { AdjustBrightness(image, 0.3); }},
                    Case{"brightness 1.72", [](RgbImage& image) { AdjustBrightness(image, 1.72); }},
                    Case{"sharpness 0.3", [](RgbImage& image) { AdjustSharpness(image, 0.3); }},
                    Case{"sharpness 1.72", [](RgbImage& image) { AdjustSharpness(image, 1.72); }},
                    Case{"blur 0.45", [](RgbImage& image) { GaussianBlur(image, -0.45); }},
                    Case{"blur 2.7", [](RgbImage& image) { GaussianBlur(image, 2.7); }}));

INSTANTIATE_TEST_SUITE_P(
    Geometry, OperationTest,
    testing::Values(
        Case{"rotate 27.5", [](RgbImage& image) { Rotate(image, 27.5, kFill); }, kSampled},
        Case{"rotate -31.0", [](RgbImage& image) { Rotate(image, -31, kFill); }, kSampled},
        Case{"shear_x 0.27", [](RgbImage& image) { ShearX(image, 0.27, kFill); }, kSampled},
        Case{"shear_x -0.3", [](RgbImage& image) { ShearX(image, -0.3, kFill); }, kSampled},
        Case{"shear_y 0.27", [](RgbImage& image) { ShearY(image, 0.27, kFill); }, kSampled},
        Case{"shear_y -0.3", [](RgbImage& image) { ShearY(image, -0.3, kFill); }, kSampled},
        Case{"translate_x 0.27", [](RgbImage& image) { TranslateX(image, 0.27, kFill); }, kSampled},
        Case{"translate_x -0.3", [](RgbImage& image) { TranslateX(image, -0.3, kFill); }, kSampled},
        Case{"translate_y 0.27", [](RgbImage& image) { TranslateY(image, 0.27, kFill); }, kSampled},
        Case{"translate_y -0.3", [](RgbImage& image) { TranslateY(image, -0.3, kFill); }, kSampled},
        Case{"skew 0.27", [](RgbImage& image) { Skew(image, 0.27); }, kSampled},
        Case{"skew -0.24", [](RgbImage& image) { Skew(image, -0.24); }, kSampled},
        Case{"distort 2 5", [](RgbImage& image) { Distort(image, 2, 5); }, kSampled},
        Case{"distort 3 4", [](RgbImage& image) { Distort(image, 3, 4); }, kSampled},
        Case{"zoom 0.36", [](RgbImage& image) { ZoomBy(image, 0.36); }},
        Case{"zoom 1.4", [](RgbImage& image) { ZoomBy(image, 1.4); }}));

TEST(ColorOperationsTest, APlainImageHasNothingToStretch) {
  RgbImage image(4, 5, {7, 130, 250});
  const RgbImage before = image;
  AutoContrast(image);
  Equalize(image);
  EXPECT_EQ(image.bytes(), before.bytes());
}

TEST(GeometricOperationsTest, PlainColorStaysExactlyThat) {
  RgbImage image(15, 17, kFill);
  const RgbImage before = image;
  Rotate(image, 13, kFill);
  ShearX(image, 0.2, kFill);
  TranslateY(image, 0.11, kFill);
  EXPECT_EQ(image.bytes(), before.bytes());
}

TEST(GeometricOperationsTest, AFlipTwiceIsNothing) {
  RgbImage image(2, 3);
  for (size_t i = 0; i < image.bytes().size(); ++i) image.bytes()[i] = static_cast<uint8_t>(i);
  const RgbImage before = image;
  FlipHorizontally(image);
  EXPECT_EQ(image.row(0)[0], 6);
  EXPECT_EQ(image.row(0)[8], 2);
  FlipHorizontally(image);
  EXPECT_EQ(image.bytes(), before.bytes());
}

TEST(GeometricOperationsTest, DistortingSmallImagesByManyTilesDoesNothing) {
  RgbImage image(2, 2, kFill);
  Distort(image, 3, 30);
  Distort(image, 1, 19);
  EXPECT_EQ(image.bytes(), RgbImage(2, 2, kFill).bytes());
}

}  // namespace
}  // namespace localmamba
