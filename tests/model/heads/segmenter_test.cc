#include "model/heads/segmenter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "model/heads/create_model.h"
#include "model/heads/segmenter_variants.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

int64_t TrainableElementsUnder(const ParameterSet& parameters, const std::string& prefix) {
  int64_t elements = 0;
  for (const Parameter& parameter : parameters.parameters()) {
    if (parameter.trainable && absl::StartsWith(parameter.name, prefix)) {
      elements += parameter.shape.elements();
    }
  }
  return elements;
}

struct HeadParameters {
  int64_t decode;
  int64_t auxiliary;
};

TEST(SegmenterVariantsTest, HeadsHaveTheOfficialNumberOfParameters) {
  const std::vector<HeadParameters> expected = {
      {31497366, 923798}, {31497366, 923798}, {27614358, 481430}, {29187222, 923798}};
  const std::vector<std::string> names = SegmenterVariantNames();
  ASSERT_EQ(names.size(), expected.size());
  for (size_t i = 0; i < names.size(); ++i) {
    SCOPED_TRACE(names[i]);
    const SegmenterVariant variant = *SegmenterVariantConfig(names[i]);
    const auto model = CreateModel(variant.backbone, variant.segmentation);
    ASSERT_TRUE(model.ok()) << model.status();
    ParameterSet& parameters = (*model)->parameters();
    EXPECT_EQ(TrainableElementsUnder(parameters, "decode_head."), expected[i].decode);
    EXPECT_EQ(TrainableElementsUnder(parameters, "auxiliary_head."), expected[i].auxiliary);
    for (const char* name :
         {"decode_head.conv_seg.bias", "decode_head.psp_modules.3.1.bn.running_var",
          "decode_head.lateral_convs.2.conv.weight", "auxiliary_head.convs.0.bn.running_mean"}) {
      EXPECT_NE(parameters.Find(name), nullptr) << name;
    }
  }
}

TEST(SegmenterVariantsTest, NamesThoseThatExist) {
  const auto variant = SegmenterVariantConfig("upernet");
  EXPECT_EQ(variant.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(variant.status().message()),
              HasSubstr("upernet_local_vim-small_8xb2-160k_ade20k-512x512"));
}

LocalVMambaConfig TinyBackbone() {
  LocalVMambaConfig config;
  config.scan.directions = {{*ScanDirection::Parse("h")}, {*ScanDirection::Parse("v")}};
  config.dims = {8, 16};
  config.depths = {1, 1};
  config.num_classes = 0;
  config.out_indices = {0, 1};
  return config;
}

std::string Message(const LocalVMambaConfig& backbone, const SegmentationConfig& head) {
  const auto model = CreateModel(backbone, head);
  EXPECT_EQ(model.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(model.status().message());
}

TEST(SegmenterTest, NamesTheFieldThatIsWrong) {
  const LocalVMambaConfig backbone = TinyBackbone();
  EXPECT_THAT(Message(backbone, {.num_classes = 0}), HasSubstr("num_classes is 0"));
  EXPECT_THAT(Message(backbone, {.channels = 0}), HasSubstr("channels is 0"));
  EXPECT_THAT(Message(backbone, {.pool_scales = {}}), HasSubstr("number of pool_scales is 0"));
  EXPECT_THAT(Message(backbone, {.pool_scales = {1, 65}}), HasSubstr("pool_scales entry is 65"));
  EXPECT_THAT(Message(backbone, {.auxiliary = FcnHeadConfig{.input = 2}}),
              HasSubstr("auxiliary.input is 2, wanted 0 to 1"));
  EXPECT_THAT(Message(backbone, {.slide = SlideConfig{.step_width = 513}}),
              HasSubstr("slide.step_width is 513, wanted 1 to 512"));
  LocalVMambaConfig classifier = backbone;
  classifier.num_classes = 10;
  EXPECT_THAT(Message(classifier, {}), HasSubstr("num_classes is 10, wanted 0"));
}

}  // namespace
}  // namespace localmamba
