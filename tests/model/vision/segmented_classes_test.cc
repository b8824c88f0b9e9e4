#include "model/vision/segmented_classes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "kernels/device/buffer.h"
#include "model/vision/decode.h"
#include "model/vision/encode_label_map.h"

namespace localmamba {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

ConstTensorView ViewOf(const std::vector<int32_t>& labels, int64_t height, int64_t width) {
  return {labels.data(), DType::kInt32, {height, width}};
}

// 3 x 4; class 1 does not occur, and class 2's pixels run on from one column to the next.
const std::vector<int32_t> kLabels = {0, 0, 2, 3,  //
                                      0, 2, 2, 3,  //
                                      0, 2, 0, 3};

TEST(SegmentedClassesTest, AreThoseThatOccurWithTheirAreas) {
  const std::vector<SegmentedClass> classes = FindClasses(ViewOf(kLabels, 3, 4), 6);
  ASSERT_EQ(classes.size(), 3U);
  EXPECT_EQ(classes[0].class_id, 0);
  EXPECT_EQ(classes[0].area, 5);
  EXPECT_EQ(classes[1].class_id, 2);
  EXPECT_EQ(classes[1].area, 4);
  EXPECT_EQ(classes[2].class_id, 3);
  EXPECT_EQ(classes[2].area, 3);
}

TEST(SegmentedClassesTest, MasksAreThoseThatEachClassWouldGiveAlone) {
  const ConstTensorView view = ViewOf(kLabels, 3, 4);
  const std::vector<SegmentedClass> classes = FindClasses(view, 6);
  const std::vector<RunLengths> masks = ClassMasks(view, classes);
  ASSERT_EQ(masks.size(), classes.size());
  for (size_t i = 0; i < classes.size(); ++i) {
    std::vector<uint8_t> mask;
    for (const int32_t label : kLabels) mask.push_back(label == classes[i].class_id ? 1 : 0);
    EXPECT_EQ(masks[i], EncodeRunLengths(ConstTensorView(mask.data(), DType::kUInt8, {3, 4})));
  }
}

TEST(SegmentedClassesTest, AClassThatCoversTheImageIsOneRun) {
  const std::vector<int32_t> labels(6, 1);
  const ConstTensorView view = ViewOf(labels, 2, 3);
  EXPECT_THAT(ClassMasks(view, FindClasses(view, 2))[0].counts, ElementsAre(0, 6));
}

TEST(SegmentedClassesTest, ConfidenceIsTheMeanOverThePixelsOfTheNearestCells) {
  // One row of two cells over four pixels of input, the last of which is padding: of the image's
  // six pixels, four lie in the first cell.
  const std::vector<float> logits = {0, std::log(3.0F), std::log(4.0F), 0};  // (1, 2, 2)
  const ImageGeometry geometry{.source_height = 1,
                               .source_width = 6,
                               .resized_height = 1,
                               .resized_width = 3,
                               .input_height = 1,
                               .input_width = 4};
  const std::vector<int32_t> labels = {1, 1, 1, 0, 0, 0};
  const ConstTensorView view = ViewOf(labels, 1, 6);
  const auto confidences =
      ClassConfidences(ConstTensorView(logits.data(), DType::kFloat32, {1, 2, 2}), geometry, view,
                       FindClasses(view, 2));
  ASSERT_TRUE(confidences.ok()) << confidences.status();
  // Sums of three float32 of some 1.
  EXPECT_THAT(*confidences, ElementsAre(testing::FloatNear((0.25F + 0.8F + 0.8F) / 3, 1e-6F),
                                        testing::FloatNear(0.75F, 1e-6F)));
}

TEST(SegmentedClassesTest, ALabelMapOfAnotherSizeIsRefused) {
  const std::vector<float> logits(2);
  const auto confidences =
      ClassConfidences(ConstTensorView(logits.data(), DType::kFloat32, {1, 1, 2}),
                       {.source_height = 2, .source_width = 2}, ViewOf(kLabels, 3, 4), {});
  EXPECT_EQ(confidences.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(confidences.status().message()), HasSubstr("labels"));
}

TEST(EncodeLabelMapTest, EightBitsComeBackAsTheyWere) {
  const auto png = EncodeLabelMap(ViewOf(kLabels, 3, 4), 256);
  ASSERT_TRUE(png.ok()) << png.status();
  const auto memory = *CreateDeviceAllocator(Device::Cpu());
  const auto image =
      DecodeImage({reinterpret_cast<const uint8_t*>(png->data()), png->size()}, {}, *memory);
  ASSERT_TRUE(image.ok()) << image.status();
  ASSERT_EQ(image->pixels.shape(), Shape({3, 4, 3}));
  for (size_t i = 0; i < kLabels.size(); ++i) {
    EXPECT_EQ(image->pixels.data<uint8_t>()[3 * i], kLabels[i]);
  }
}

TEST(EncodeLabelMapTest, MoreThan256ClassesTake16Bits) {
  const std::vector<int32_t> labels = {0x0100, 0x0203};
  const auto png = EncodeLabelMap(ViewOf(labels, 1, 2), 1000);
  ASSERT_TRUE(png.ok()) << png.status();
  EXPECT_EQ((*png)[24], 16) << "the bit depth in the header";
  const auto memory = *CreateDeviceAllocator(Device::Cpu());
  const auto image =
      DecodeImage({reinterpret_cast<const uint8_t*>(png->data()), png->size()}, {}, *memory);
  ASSERT_TRUE(image.ok()) << image.status();
  // Samples are read by their high byte.
  EXPECT_EQ(image->pixels.data<uint8_t>()[0], 1);
  EXPECT_EQ(image->pixels.data<uint8_t>()[3], 2);
}

TEST(EncodeLabelMapTest, MoreClassesThanAPngCanHoldAreRefused) {
  EXPECT_EQ(EncodeLabelMap(ViewOf(kLabels, 3, 4), 65537).status().message(),
            "encode_label_map: 65537 classes, wanted 1 to 65536");
}

}  // namespace
}  // namespace localmamba
