#include "server/tracing/trace_context.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace localmamba::server {
namespace {

constexpr char kGood[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(TraceContextTest, ReadsTraceAndParent) {
  const auto context = ParseTraceparent(kGood);
  ASSERT_TRUE(context.has_value());
  EXPECT_EQ(context->trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(context->parent_id, "00f067aa0ba902b7");
}

TEST(TraceContextTest, LaterVersionsMayHaveMoreFields) {
  EXPECT_TRUE(ParseTraceparent(absl::StrCat("01", &kGood[2], "-more")).has_value());
  EXPECT_FALSE(ParseTraceparent(absl::StrCat("01", &kGood[2], "more")).has_value());
  EXPECT_FALSE(ParseTraceparent(absl::StrCat(kGood, "-more")).has_value());
}

TEST(TraceContextTest, IgnoresWhatIsMalformed) {
  for (const char* header : {
           "",
           "00",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
           "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
           "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
           "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
           "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x",
       }) {
    EXPECT_FALSE(ParseTraceparent(header).has_value()) << header;
  }
}

}  // namespace
}  // namespace localmamba::server
