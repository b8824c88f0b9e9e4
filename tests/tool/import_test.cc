#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <ostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "model/weights/safetensors.h"
#include "tests/support/golden.h"
#include "tests/tool/run_tool.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

using ImportTest = ToolTest;

constexpr char kLayers[] = R"("layers": [
    {"directions": ["h", "v_flip", "w2", "w2_flip"]},
    {"directions": ["h_flip", "v", "w7", "w7_flip"]}])";

// The classifier that released_style.ckpt holds.
std::string ClassifierSpec() {
  return absl::StrCat(R"({"local_vim": {"scan": {)", kLayers, R"(}, "image_height": 32,
      "image_width": 32, "patch_size": 8, "embed_dim": 16, "num_classes": 5}})");
}

// A LayerNorm backbone for images of twice the side.
std::string BackboneSpec(const std::string& vertical_reverse) {
  return absl::StrCat(R"({"task": "TASK_FEATURES", "local_vim": {"scan": {"vertical_reverse": ")",
                      vertical_reverse, "\", ", kLayers, R"(}, "image_height": 64,
      "image_width": 64, "patch_size": 8, "embed_dim": 16, "norm": "NORM_LAYER", "num_classes": 0,
      "out_indices": [0, 1]}})");
}

TEST_F(ImportTest, AReleasedFileBecomesAVersion) {
  const std::string command =
      absl::StrCat("import --checkpoint ", FindGoldenFile("released_style.ckpt"), " --spec ",
                   Write("spec.json", ClassifierSpec()), " --out ", Path("m"));
  const ToolResult result = Run(command);
  ASSERT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("21853 parameters"));
  EXPECT_THAT(result.out, HasSubstr("state dict: state_dict"));
  EXPECT_THAT(result.out, HasSubstr("skipped (1): epoch"));
  EXPECT_EQ(ReadSafetensors(Path("m/1/weights.safetensors"))->tensors.size(), 82U);
  ExpectError(command, 2, "exists");
}

TEST_F(ImportTest, ACheckpointOfAnotherNetworkIsRefusedWithEveryMismatch) {
  const std::string command =
      absl::StrCat("import --checkpoint ", FindGoldenFile("training_style.pth.tar"), " --spec ",
                   Write("spec.json", ClassifierSpec()), " --out ", Path("m"));
  ExpectError(command, 2, "weights do not fit the network");
  ExpectError(command + " --entry nothing", 2, "no state dict \"nothing\"");
  EXPECT_FALSE(std::filesystem::exists(Path("m")));
}

TEST_F(ImportTest, WeightsOfNoVariantAreNotRecognized) {
  ExpectError(absl::StrCat("import --variant auto --checkpoint ",
                           FindGoldenFile("released_style.ckpt"), " --out ", Path("m")),
              2, "released_style.ckpt: the weights are of no variant");
  EXPECT_FALSE(std::filesystem::exists(Path("m")));
}

TEST_F(ImportTest, WhatIsNoCheckpointIsNamed) {
  const std::string rest =
      absl::StrCat(" --spec ", Write("spec.json", ClassifierSpec()), " --out ", Path("m"));
  ExpectError("import --checkpoint /no/such.ckpt" + rest, 2, "/no/such.ckpt");
  ExpectError("import --checkpoint " + Write("x.ckpt", "nothing") + rest, 2, "is no zip archive");
}

// The case vim_backbone_from_checkpoint: tables are resized, norm biases start at 0.
struct BackboneCase {
  std::string size;
  std::string vertical_reverse;
  std::string suffix;  // of the golden tensors
};

void PrintTo(const BackboneCase& backbone, std::ostream* os) {
  *os << backbone.size << backbone.suffix;
}

class ImportedBackboneTest : public ToolTest, public ::testing::WithParamInterface<BackboneCase> {};

TEST_P(ImportedBackboneTest, GivesTheGoldenFeatures) {
  const BackboneCase& backbone = GetParam();
  const std::string golden = FindGoldenFile("vim_backbone_from_checkpoint.safetensors");
  const ToolResult import = Run(absl::StrCat(
      "import --checkpoint ", FindGoldenFile("released_style.ckpt"), " --spec ",
      Write("spec.json", BackboneSpec(backbone.vertical_reverse)), " --out ", Path("m")));
  ASSERT_EQ(import.exit_status, 0) << import.err;
  EXPECT_THAT(import.out, HasSubstr("(3): pos_embed, rope.freqs_cos, rope.freqs_sin"));
  EXPECT_THAT(import.out, HasSubstr("layers.0.norm.bias"));
  EXPECT_THAT(import.out, HasSubstr("head.weight"));

  const Tensor input = ReadSafetensors(golden)->tensors.at(backbone.size + "/input");
  ASSERT_TRUE(WriteSafetensors(Path("x.safetensors"), {{"input", input}}).ok());
  const std::string forward =
      absl::StrCat("forward --model ", Path("m"), " --input ", Path("x.safetensors"), " --output ",
                   Path("y.safetensors"));
  const ToolResult result = Run(forward + " --features");
  ASSERT_EQ(result.exit_status, 0) << result.err;
  const auto found = ReadSafetensors(Path("y.safetensors"));
  const auto expected = LoadGoldenTensors(golden);
  for (const std::string name : {"feature_0", "feature_1"}) {
    const Tensor& feature = found->tensors.at(name);
    EXPECT_TRUE(MatchesGolden({feature.data<float>(), static_cast<size_t>(feature.elements())},
                              expected->at(absl::StrCat(backbone.size, "/", name, backbone.suffix)),
                              5e-5))
        << name;
  }
  ExpectError(forward, 2, "no head");
}

INSTANTIATE_TEST_SUITE_P(All, ImportedBackboneTest,
                         ::testing::Values(BackboneCase{"64x64", "VERTICAL_REVERSE_EXACT", ""},
                                           BackboneCase{"48x40", "VERTICAL_REVERSE_EXACT", ""},
                                           BackboneCase{"48x40", "VERTICAL_REVERSE_OFFICIAL",
                                                        "_official"}),
                         [](const auto& info) {
                           return "Size" + info.param.size +
                                  info.param.suffix.substr(info.param.suffix.empty() ? 0 : 1);
                         });

}  // namespace
}  // namespace localmamba
