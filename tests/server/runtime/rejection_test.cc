#include "server/runtime/rejection.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>

#include "server/runtime/call_context.h"

namespace localmamba::server {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'000'000);

TEST(RejectionTest, ReasonTravelsWithTheStatus) {
  for (const RejectReason reason :
       {RejectReason::kInvalidRequest, RejectReason::kInvalidImage, RejectReason::kUnknownModel,
        RejectReason::kTooManyBytes, RejectReason::kDecodeQueueFull, RejectReason::kBatchQueueFull,
        RejectReason::kQueueTimeout, RejectReason::kLatencyGoal, RejectReason::kAdminQueueFull,
        RejectReason::kDeadline, RejectReason::kCancelled, RejectReason::kDraining,
        RejectReason::kInternal}) {
    const absl::Status status = Reject(reason, absl::InvalidArgumentError("text"));
    EXPECT_EQ(ReasonOf(status), reason) << ToString(reason);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message(), "text");
  }
}

TEST(RejectionTest, AStatusWithoutReasonIsAnInternalFault) {
  EXPECT_EQ(ReasonOf(absl::UnknownError("?")), RejectReason::kInternal);
}

TEST(CallContextTest, ACallIsWantedUntilItsDeadline) {
  const CallContext context = {.deadline = kNow, .cancelled = nullptr};
  EXPECT_TRUE(CheckWanted(context, kNow - absl::Nanoseconds(1), "decoding").ok());
  const absl::Status late = CheckWanted(context, kNow + absl::Milliseconds(2), "decoding");
  EXPECT_EQ(late.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(late.message(), "the deadline passed 2ms before decoding could begin");
}

TEST(CallContextTest, ACallIsWantedUntilItsCallerLeaves) {
  const auto cancelled = std::make_shared<std::atomic<bool>>(false);
  const CallContext context = {.deadline = absl::InfiniteFuture(), .cancelled = cancelled};
  EXPECT_TRUE(CheckWanted(context, kNow, "decoding").ok());
  *cancelled = true;
  EXPECT_EQ(CheckWanted(context, kNow, "decoding").code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace localmamba::server
