// init, forward and bench.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "model/weights/safetensors.h"
#include "server/repository/model_spec.h"
#include "tests/support/golden.h"
#include "tests/tool/run_tool.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

using InitTest = ToolTest;
using ForwardTest = ToolTest;
using BenchTest = ToolTest;

TEST_F(InitTest, WritesACompleteModelThatRuns) {
  const std::string spec = Write("spec.json", SmallSpec());
  const std::string model = Path("model");
  const ToolResult init = Run(absl::StrCat("init --spec ", spec, " --seed 7 --out ", model));
  ASSERT_EQ(init.exit_status, 0) << init.err;
  EXPECT_THAT(init.out, HasSubstr("51893 parameters"));
  EXPECT_TRUE(ReadModelSpec(model + "/model.json").ok());
  const ToolResult forward = Run(absl::StrCat("forward --model ", model, " --input ",
                                              FindGoldenFile("vim_rope_mean.safetensors"),
                                              " --output ", Path("y.safetensors")));
  ASSERT_EQ(forward.exit_status, 0) << forward.err;
  EXPECT_THAT(forward.out, HasSubstr("logits [2,5]"));
}

TEST_F(InitTest, TheSeedDecidesTheWeights) {
  const std::string spec = Write("spec.json", SmallSpec());
  const auto weights = [&](const std::string& name, int seed) {
    EXPECT_EQ(Run(absl::StrCat("init --spec ", spec, " --seed ", seed, " --out ", Path(name)))
                  .exit_status,
              0);
    const auto file = ReadSafetensors(Path(name) + "/1/weights.safetensors");
    return file.ok() ? file->tensors.at("head.weight").data<float>()[0] : 0.0F;
  };
  const float of_one = weights("a", 1);
  EXPECT_EQ(weights("b", 1), of_one);
  EXPECT_NE(weights("c", 2), of_one);
}

TEST_F(InitTest, AVariantOfImageNetGetsLabels) {
  const ToolResult init = Run(absl::StrCat("init --variant local_vim_tiny --out ", Path("m")));
  ASSERT_EQ(init.exit_status, 0) << init.err;
  EXPECT_THAT(init.out, HasSubstr("7994152 parameters"));
  EXPECT_TRUE(std::filesystem::exists(Path("m/1/labels.json")));
}

TEST_F(InitTest, RefusesToOverwriteUnlessForced) {
  const std::string command =
      absl::StrCat("init --spec ", Write("spec.json", SmallSpec()), " --out ", Path("m"));
  ASSERT_EQ(Run(command).exit_status, 0);
  ExpectError(command, 2, Path("m/1") + ": exists (--force replaces it)");
  EXPECT_EQ(Run(command + " --force").exit_status, 0);
  EXPECT_EQ(Run(command + " --version 2").exit_status, 0);
  const std::string other = Write("other.json", SmallSpec("\"conv_width\": 3, "));
  ExpectError(absl::StrCat("init --spec ", other, " --version 3 --out ", Path("m")), 2,
              "model.json: exists and says something else");
}

TEST_F(InitTest, NeverWritesAFolderThatCannotBeRead) {
  const std::string out = " --out " + Path("m");
  const std::string small = Write("small.json", SmallSpec());
  const std::string labelled =
      Write("labelled.json",
            absl::StrCat(R"({"version_labels": {"stable": 3}, )", SmallSpec().substr(1)));
  ExpectError("init --spec " + labelled + out, 2, "version_labels \"stable\" is 3");
  EXPECT_EQ(Run("init --version 3 --spec " + labelled + out).exit_status, 0);
  ASSERT_EQ(Run("init --spec " + small + " --out " + Path("two")).exit_status, 0);
  const std::string other = Write("other.json", SmallSpec("\"conv_width\": 3, "));
  ExpectError("init --force --version 2 --spec " + other + " --out " + Path("two"), 2,
              "which the versions 1 need");
  EXPECT_EQ(Run("init --force --spec " + other + " --out " + Path("two")).exit_status, 0);
}

TEST_F(InitTest, ErrorsOfWritingNameWhatWasAskedFor) {
  const std::string file = Write("file", "");
  ExpectError("init --spec " + Write("s.json", SmallSpec()) + " --out " + file + "/m", 2,
              file + "/m/1: cannot create");
}

TEST_F(ToolTest, AFullDiskUnderItsOutputIsAnError) {
  const std::string command = absl::StrCat(LOCALMAMBA_TOOL, " scan-order --height 2 --width 2 ",
                                           "--direction h >/dev/full 2>", Path("err"));
  const int status = std::system(command.c_str());  // NOLINT(cert-env33-c): a shell is wanted
  EXPECT_EQ(WEXITSTATUS(status), 1);
}

TEST_F(InitTest, BadFlagsAreNamed) {
  ExpectError("init --out " + Path("m"), 2, "--variant");
  ExpectError("init --variant local_vim_tiny", 2, "--out");
  ExpectError("init --variant nope --out " + Path("m"), 2, "\"nope\"");
  ExpectError("init --variant local_vim_tiny --seed -1 --out " + Path("m"), 2, "--seed");
  ExpectError("init --variant local_vim_tiny --seed 99999999999999999999 --out " + Path("m"), 2,
              "--seed");
  ExpectError("init --variant local_vim_tiny --out \"\"", 2, "--out");
  ExpectError("init --variant local_vim_tiny --version 0 --out " + Path("m"), 2, "--version");
  ExpectError("init --variant local_vim_tiny --dtype f8 --out " + Path("m"), 2, "--dtype");
  ExpectError("init --spec /no/such.json --out " + Path("m"), 2, "/no/such.json");
  ExpectError("init --spec " + Write("bad.json", "{\"x\": 1}") + " --out " + Path("m"), 2, "x");
  EXPECT_FALSE(std::filesystem::exists(Path("m")));
}

TEST_F(ToolTest, WithoutASubcommandItSaysWhatIsWanted) {
  ExpectError("", 2, "subcommand");
  EXPECT_EQ(Run("--help").exit_status, 0);
  EXPECT_EQ(Run("forward --help").exit_status, 0);
  ExpectError("no-such-command", 2, "no-such-command");
}

class GoldenForwardTest : public ToolTest {
 protected:
  // The golden model vim_rope_mean as a model folder.
  [[nodiscard]] std::string GoldenModel() const {
    const std::string model = Path("golden");
    std::filesystem::create_directories(model + "/3");
    (void)Write("golden/model.json", SmallSpec());
    std::filesystem::copy_file(FindGoldenFile("vim_rope_mean_weights.safetensors"),
                               model + "/3/weights.safetensors");
    return model;
  }
};

TEST_F(GoldenForwardTest, GivesTheGoldenLogits) {
  const std::string golden = FindGoldenFile("vim_rope_mean.safetensors");
  const ToolResult result = Run(absl::StrCat("forward --model ", GoldenModel(), " --input ", golden,
                                             " --output ", Path("y.safetensors")));
  ASSERT_EQ(result.exit_status, 0) << result.err;
  const Tensor logits = ReadSafetensors(Path("y.safetensors"))->tensors.at("logits");
  EXPECT_EQ(logits.shape(), Shape({2, 5}));
  EXPECT_TRUE(
      MatchesGolden({logits.data<float>(), 10}, LoadGoldenTensors(golden)->at("logits"), 2e-5));
}

TEST_F(GoldenForwardTest, BadInputIsNamed) {
  const std::string model = GoldenModel();
  const std::string golden = FindGoldenFile("vim_rope_mean.safetensors");
  const std::string output = " --output " + Path("y.safetensors");
  const std::string good = "forward --model " + model + " --input " + golden;
  ExpectError(good, 2, "--output");
  ExpectError(good + output + " --features", 2, "out_indices");
  ExpectError(good + output + " --version 4", 2, "has no version \"4\"; there are: 3");
  ExpectError(good + output + " --device gpu", 2, "--device");
  ExpectError(good + output + " --dtype i32", 2, "--dtype");
  ExpectError("forward --model /no/such --input " + golden + output, 2, "/no/such");
  ExpectError("forward --model " + model + " --input /no/such" + output, 2, "/no/such");
  ExpectError("forward --model " + model + " --input " + model + "/3/weights.safetensors" + output,
              2, "has no tensor \"input\"");
  (void)Write("golden/3/weights.safetensors", "broken");
  ExpectError(good + output, 2, "3/weights.safetensors: ");
  EXPECT_FALSE(std::filesystem::exists(Path("y.safetensors")));
}

TEST_F(BenchTest, ReportsEachBatchAndSize) {
  ASSERT_EQ(Run(absl::StrCat("init --spec ", Write("spec.json", SmallSpec()), " --out ", Path("m")))
                .exit_status,
            0);
  const std::string command =
      absl::StrCat("bench --model ", Path("m"), " --threads 1 --seconds 0.02");
  const ToolResult result = Run(command + " --batch 1,2 --size 32,24x40 --json");
  ASSERT_EQ(result.exit_status, 0) << result.err;
  const nlohmann::json report = nlohmann::json::parse(result.out);
  ASSERT_EQ(report.size(), 4U);
  EXPECT_EQ(report[3].at("batch"), 2);
  EXPECT_EQ(report[3].at("height"), 24);
  EXPECT_EQ(report[3].at("width"), 40);
  EXPECT_GT(report[0].at("median_ms"), 0);
  EXPECT_GE(report[0].at("p99_ms"), report[0].at("median_ms"));
  EXPECT_GT(report[0].at("peak_activation_bytes"), 0);
  EXPECT_GT(report[0].at("tflops_per_second"), 0);
  EXPECT_GT(report[0].at("gigabytes_per_second"), 0);
  EXPECT_FALSE(report[0].contains("profile"));
  EXPECT_THAT(Run(command).out, HasSubstr("32x32"));
  ExpectError(command + " --batch 0", 2, "--batch");
  ExpectError(command + " --size 0x3", 2, "--size");
  ExpectError(command + " --size axb", 2, "--size");
  ExpectError(command + " --seconds -1", 2, "--seconds");
  ExpectError(command + " --seconds nan", 2, "--seconds");
}

TEST_F(BenchTest, ProfileSaysWhereTheTimeGoes) {
  ASSERT_EQ(Run(absl::StrCat("init --spec ", Write("spec.json", SmallSpec()), " --out ", Path("m")))
                .exit_status,
            0);
  const std::string command =
      absl::StrCat("bench --model ", Path("m"), " --threads 1 --seconds 0.02 --profile");
  const ToolResult table = Run(command);
  ASSERT_EQ(table.exit_status, 0) << table.err;
  for (const char* wanted : {"layers.1", "selective_scan", "normalize_pixels", "head"}) {
    EXPECT_THAT(table.out, HasSubstr(wanted));
  }
  for (const absl::string_view line : absl::StrSplit(table.out, '\n')) {
    EXPECT_LE(line.size(), 100U) << line;
  }
  const nlohmann::json report = nlohmann::json::parse(Run(command + " --json --batch 2").out);
  const nlohmann::json& operations = report.at(0).at("profile");
  EXPECT_EQ(operations.front().at("operation"), "normalize_pixels");
  EXPECT_EQ(operations.front().at("bytes"), 2 * 3 * 32 * 32 * (1 + 4));
  // conv2d: 16 cells of 8x8x3 pixels to 32 channels.
  EXPECT_EQ(operations.at(1).at("layer"), "patch_embed");
  EXPECT_EQ(operations.at(1).at("macs"), 2 * 16 * 8 * 8 * 3 * 32);
  EXPECT_EQ(operations.back().at("layer"), "head");
  EXPECT_EQ(operations.back().at("macs"), 2 * 32 * 5);
}

}  // namespace
}  // namespace localmamba
