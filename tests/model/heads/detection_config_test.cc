#include "model/heads/detection_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace localmamba {
namespace {

using ::testing::HasSubstr;

LocalVMambaConfig Stages() {
  LocalVMambaConfig config;
  config.out_indices = {0, 1, 2, 3};
  return config;
}

LocalVimConfig Plain() {
  LocalVimConfig config;
  config.out_indices = {19};
  return config;
}

TEST(DetectionConfigTest, AcceptsWhatFitsTheBackbone) {
  EXPECT_TRUE(Validate(DetectionConfig(), Stages()).ok());
  DetectionConfig simple;
  simple.neck = NeckKind::kSimpleFpn;
  EXPECT_TRUE(Validate(simple, Plain()).ok());
}

TEST(DetectionConfigTest, NamesWhatIsWrong) {
  const auto message = [](const auto& change, const NetworkConfig& backbone) {
    DetectionConfig config;
    change(config);
    const absl::Status status = Validate(config, backbone);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  const auto as_it_is = [](DetectionConfig&) {};
  EXPECT_THAT(message(as_it_is, Plain()), HasSubstr("NECK_FPN wants a local_vmamba"));
  EXPECT_THAT(message(as_it_is, LocalVMambaConfig()), HasSubstr("NECK_FPN"));
  EXPECT_THAT(message([](DetectionConfig& c) { c.neck = NeckKind::kSimpleFpn; }, Stages()),
              HasSubstr("NECK_SIMPLE_FPN wants a local_vim"));
  EXPECT_THAT(message([](DetectionConfig& c) { c.num_classes = 0; }, Stages()),
              HasSubstr("num_classes is 0, wanted 1 to 65536"));
  EXPECT_THAT(message([](DetectionConfig& c) { c.box_fcs = 0; }, Stages()), HasSubstr("box_fcs"));
  EXPECT_THAT(message([](DetectionConfig& c) { c.max_detections = 1 << 20; }, Stages()),
              HasSubstr("max_detections"));
  EXPECT_THAT(message([](DetectionConfig& c) { c.score_threshold = 1.5F; }, Stages()),
              HasSubstr("score_threshold is 1.5, wanted 0 to 1"));
}

}  // namespace
}  // namespace localmamba
