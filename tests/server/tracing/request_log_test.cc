#include "server/tracing/request_log.h"

#include <gtest/gtest.h>

#include "server/runtime/rejection.h"

namespace localmamba::server {
namespace {

RequestRecord Record() {
  return {.method = "Classify",
          .request_id = "request",
          .model = "m",
          .version = 2,
          .arrival = absl::UnixEpoch(),
          .total = absl::Milliseconds(12.5),
          .compute = absl::Milliseconds(10),
          .batch_size = 4};
}

RequestRecord FailedRecord() {
  return {.method = "Classify",
          .request_id = "request",
          .trace_id = "t",
          .parent_id = "p",
          .arrival = absl::UnixEpoch(),
          .total = absl::Milliseconds(12.5),
          .status = Reject(RejectReason::kDeadline, absl::DeadlineExceededError("late"))};
}

TEST(RequestLogTest, WritesAllThatIsKnownOfASuccess) {
  EXPECT_EQ(ToJson(Record()).dump(),
            R"({"method":"Classify","request_id":"request","arrival":"1970-01-01T00:00:00.000Z",)"
            R"("code":"OK","total_ms":12.5,"model":"m","version":2,"preprocess_ms":0.0,)"
            R"("queue_ms":0.0,"compute_ms":10.0,"postprocess_ms":0.0,"batch_size":4})");
}

TEST(RequestLogTest, WritesTraceAndReasonOfAFailure) {
  EXPECT_EQ(ToJson(FailedRecord()).dump(),
            R"({"method":"Classify","request_id":"request","arrival":"1970-01-01T00:00:00.000Z",)"
            R"("code":"DEADLINE_EXCEEDED","total_ms":12.5,"trace_id":"t","parent_id":"p",)"
            R"("reason":"deadline","error":"late"})");
}

TEST(RequestLogTest, RemembersAndMakesEachIdOnce) {
  const absl::StatusOr<Log> log = Log::ToStderr("error");
  RecentRequests recent({});
  RequestLog requests({}, *log, &recent);
  EXPECT_NE(requests.MakeId(), requests.MakeId());
  EXPECT_NE(requests.MakeId(), RequestLog({}, *log, nullptr).MakeId());
  requests.Add(Record());
  EXPECT_EQ(recent.Slowest().size(), 1);
}

}  // namespace
}  // namespace localmamba::server
