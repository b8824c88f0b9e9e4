#include "server/runtime/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace localmamba::server {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

TEST(LogTest, WritesOneJsonObjectALine) {
  testing::internal::CaptureStderr();
  Log::ToStderr("info")->Info("listening", {{"address", "::1"}, {"grpc_port", 8500}});
  const std::string text = testing::internal::GetCapturedStderr();
  ASSERT_EQ(text.find('\n'), text.size() - 1) << text;
  const auto line = nlohmann::json::parse(text);
  EXPECT_EQ(line["level"], "info");
  EXPECT_EQ(line["message"], "listening");
  EXPECT_EQ(line["address"], "::1");
  EXPECT_EQ(line["grpc_port"], 8500);
  EXPECT_THAT(line["time"].get<std::string>(), testing::EndsWith("Z"));
}

TEST(LogTest, LeavesOutWhatIsLessSevereThanItsLevel) {
  testing::internal::CaptureStderr();
  const Log log = *Log::ToStderr("warning");
  log.Info("quiet");
  EXPECT_THAT(testing::internal::GetCapturedStderr(), IsEmpty());
  testing::internal::CaptureStderr();
  log.Error("loud");
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("loud"));
}

TEST(LogTest, TextThatIsNotUtf8IsReplaced) {
  testing::internal::CaptureStderr();
  Log::ToStderr("info")->Info("path", {{"path", "\xff"}});
  EXPECT_TRUE(nlohmann::json::accept(testing::internal::GetCapturedStderr()));
}

TEST(LogTest, AnUnknownLevelIsRefused) {
  const absl::Status status = Log::ToStderr("loud").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("log_level: \"loud\" is unknown"));
}

}  // namespace
}  // namespace localmamba::server
