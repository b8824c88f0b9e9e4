#include "tests/tool/run_tool.h"

#include <gmock/gmock.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace localmamba {
namespace {

std::string ReadText(const std::string& path) {
  std::ifstream stream(path);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

void ToolTest::SetUp() {
  std::string name = ::testing::TempDir() + "tool-XXXXXX";
  ASSERT_NE(mkdtemp(name.data()), nullptr);
  folder_ = name;
}

void ToolTest::TearDown() { std::filesystem::remove_all(folder_); }

std::string ToolTest::Write(const std::string& name, absl::string_view text) const {
  std::ofstream(Path(name)) << text;
  return Path(name);
}

ToolResult ToolTest::Run(const std::string& arguments) const {
  const std::string command =
      absl::StrCat(LOCALMAMBA_TOOL, " ", arguments, " >", Path("out"), " 2>", Path("err"));
  const int status = std::system(command.c_str());  // NOLINT(cert-env33-c): a shell is wanted
  ToolResult result;
  if (WIFEXITED(status)) result.exit_status = WEXITSTATUS(status);
  result.out = ReadText(Path("out"));
  result.err = ReadText(Path("err"));
  return result;
}

void ToolTest::ExpectError(const std::string& arguments, int exit_status,
                           const std::string& message) const {
  const ToolResult result = Run(arguments);
  EXPECT_EQ(result.exit_status, exit_status) << arguments;
  EXPECT_THAT(result.err, ::testing::HasSubstr(message)) << arguments;
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
}

std::string SmallSpec(absl::string_view changes) {
  return absl::StrCat(R"({"local_vim": {"scan": {"layers": [
      {"directions": ["h", "v_flip", "w2", "w2_flip"]},
      {"directions": ["h_flip", "v", "w7", "w7_flip"]}]},
      )",
                      changes, R"("image_height": 32, "image_width": 32, "patch_size": 8,
      "embed_dim": 32, "num_classes": 5},
      "preprocess": {"resize_short_side": 32, "crop_height": 32, "crop_width": 32}})");
}

}  // namespace localmamba
