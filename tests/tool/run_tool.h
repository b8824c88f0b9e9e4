// Runs localmamba_tool as a user does.
#ifndef LOCALMAMBA_TESTS_TOOL_RUN_TOOL_H_
#define LOCALMAMBA_TESTS_TOOL_RUN_TOOL_H_

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "absl/strings/string_view.h"

namespace localmamba {

struct ToolResult {
  int exit_status = -1;
  std::string out;
  std::string err;
};

// A test with an empty folder of its own, removed at the end.
class ToolTest : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  [[nodiscard]] std::string Path(const std::string& name) const {
    return (folder_ / name).string();
  }
  // Writes a file into the folder and returns its path.
  [[nodiscard]] std::string Write(const std::string& name, absl::string_view text) const;

  // `arguments` as in a shell.
  [[nodiscard]] ToolResult Run(const std::string& arguments) const;
  // Run, expecting `exit_status` and one line on standard error that contains `message`.
  void ExpectError(const std::string& arguments, int exit_status, const std::string& message) const;

 private:
  std::filesystem::path folder_;
};

// A LocalVim of two layers as in the golden model vim_rope_mean, with `changes` in its JSON of
// local_vim (members, each followed by a comma).
std::string SmallSpec(absl::string_view changes = "");

}  // namespace localmamba

#endif  // LOCALMAMBA_TESTS_TOOL_RUN_TOOL_H_
