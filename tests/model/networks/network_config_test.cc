#include "model/networks/network_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "model/networks/variants.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

TEST(NetworkConfigTest, EveryVariantIsValid) {
  for (const std::string& name : VariantNames()) {
    const auto config = VariantConfig(name);
    ASSERT_TRUE(config.ok()) << name;
    EXPECT_TRUE(Validate(*config).ok()) << name;
  }
}

TEST(VariantsTest, AnUnknownNameIsAnsweredWithTheKnownOnes) {
  const absl::Status status = VariantConfig("local_vim_huge").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(status.message(), HasSubstr("local_vim_huge"));
  EXPECT_THAT(status.message(), HasSubstr("local_vssm_small_search"));
}

TEST(VariantsTest, SearchedListsHaveThePublishedCountsOfDirections) {
  const auto count = [](absl::string_view variant, absl::string_view name) {
    const NetworkConfig config = *VariantConfig(variant);
    const ScanConfig& scan =
        std::visit([](const auto& family) -> const ScanConfig& { return family.scan; }, config);
    int64_t occurrences = 0;
    for (const LayerDirections& layer : scan.directions) {
      for (const ScanDirection& direction : layer) occurrences += direction.ToString() == name;
    }
    return occurrences;
  };
  EXPECT_EQ(count("local_vim_tiny", "v"), 16);
  EXPECT_EQ(count("local_vim_tiny", "w7_flip"), 2);
  EXPECT_EQ(count("local_vim_small", "h_flip"), 14);
  EXPECT_EQ(count("local_vim_small_wo_search", "w2_flip"), 20);
  EXPECT_EQ(count("local_vssm_tiny", "h_flip"), 11);
  EXPECT_EQ(count("local_vssm_tiny", "w2"), 5);
  EXPECT_EQ(count("local_vssm_small", "v_flip"), 25);
  EXPECT_EQ(count("local_vssm_small", "w7_flip"), 13);
  EXPECT_EQ(count("local_vssm_small_search", "w7"), 33);
}

struct BadConfig {
  std::string name;
  std::function<absl::Status()> validate;
  std::string message;
};

absl::Status AfterChange(const std::function<void(LocalVimConfig&)>& change) {
  LocalVimConfig config = std::get<LocalVimConfig>(*VariantConfig("local_vim_tiny"));
  change(config);
  return Validate(config);
}

absl::Status AfterChange(const std::function<void(LocalVMambaConfig&)>& change) {
  LocalVMambaConfig config = std::get<LocalVMambaConfig>(*VariantConfig("local_vssm_tiny"));
  change(config);
  return Validate(config);
}

BadConfig BadVim(const std::string& name, const std::function<void(LocalVimConfig&)>& change,
                 const std::string& message) {
  return {name, [change] { return AfterChange(change); }, message};
}

BadConfig BadVMamba(const std::string& name, const std::function<void(LocalVMambaConfig&)>& change,
                    const std::string& message) {
  return {name, [change] { return AfterChange(change); }, message};
}

class BadConfigTest : public testing::TestWithParam<BadConfig> {};

TEST_P(BadConfigTest, IsRejectedNamingTheField) {
  const absl::Status status = GetParam().validate();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadConfigTest,
    testing::Values(
        BadVim(
            "NoLayers", [](auto& c) { c.scan.directions.clear(); }, "number of layers"),
        BadVim(
            "NoDirections", [](auto& c) { c.scan.directions[3].clear(); },
            "directions of layer 3 is 0, wanted 1 to 16"),
        BadVim(
            "TooManyDirections",
            [](auto& c) { c.scan.directions[0] = LayerDirections(17, c.scan.directions[0][0]); },
            "directions of layer 0 is 17"),
        BadVim(
            "HugeWindow",
            [](auto& c) {
              c.scan.directions[0][0] = {
                  .kind = ScanDirection::Kind::kWindow, .window = 1 << 20, .flip = false};
            },
            "window of layer 0 is 1048576"),
        BadVim(
            "DState", [](auto& c) { c.scan.d_state = 65; }, "d_state is 65, wanted 1 to 64"),
        BadVim(
            "Patch", [](auto& c) { c.patch_size = 0; }, "patch_size is 0"),
        BadVim(
            "ImageSmallerThanPatch", [](auto& c) { c.image_width = 15; },
            "image_width is 15, wanted 16"),
        BadVim(
            "Width", [](auto& c) { c.embed_dim = 3; }, "embed_dim is 3, wanted 4"),
        BadVim(
            "ConvWidth", [](auto& c) { c.conv_width = 9; }, "conv_width is 9"),
        BadVim(
            "RopeWidth", [](auto& c) { c.embed_dim = 90; }, "multiple of 4"),
        BadVim(
            "RopeAndClassToken", [](auto& c) { c.middle_class_token = true; },
            "middle_class_token"),
        BadVim(
            "NothingToCompute", [](auto& c) { c.num_classes = 0; }, "wanted a head or features"),
        BadVim(
            "OutIndexBeyondTheLayers", [](auto& c) { c.out_indices = {20}; },
            "out_indices entry is 20, wanted 0 to 19"),
        BadVim(
            "OutIndicesOutOfOrder",
            [](auto& c) {
              c.out_indices = {4, 4};
            },
            "ascending"),
        BadVMamba(
            "Stages", [](auto& c) { c.dims.pop_back(); }, "number of stages in depths is 4"),
        BadVMamba(
            "Depth", [](auto& c) { c.depths[1] = 0; }, "depth of stage 1 is 0"),
        BadVMamba(
            "Layers", [](auto& c) { c.depths[1] = 3; },
            "number of layers in directions is 15, wanted 16"),
        BadVMamba(
            "Width", [](auto& c) { c.dims[2] = 1 << 20; }, "dims of stage 2"),
        BadVMamba(
            "Classes", [](auto& c) { c.num_classes = -1; }, "num_classes is -1"),
        BadVMamba(
            "OutIndex", [](auto& c) { c.out_indices = {4}; }, "wanted 0 to 3")),
    [](const auto& info) { return info.param.name + std::to_string(info.index); });

}  // namespace
}  // namespace localmamba
