#include "kernels/base/annotate.h"

#include <gtest/gtest.h>

namespace localmamba {
namespace {

TEST(AnnotateTest, PutsTheContextFirstAndKeepsPayloads) {
  absl::Status status = absl::InternalError("lost");
  status.SetPayload("mark", absl::Cord("1"));
  const absl::Status annotated = Annotate(status, "device");
  EXPECT_EQ(annotated.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(annotated.message(), "device: lost");
  EXPECT_TRUE(annotated.GetPayload("mark").has_value());
  EXPECT_TRUE(Annotate(absl::OkStatus(), "device").ok());
}

}  // namespace
}  // namespace localmamba
