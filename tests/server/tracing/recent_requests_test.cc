#include "server/tracing/recent_requests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace localmamba::server {
namespace {

using testing::ElementsAre;

RequestRecord RecordOf(const std::string& id, int arrival_s, int total_ms,
                       const absl::Status& status = absl::OkStatus()) {
  RequestRecord record;
  record.request_id = id;
  record.arrival = absl::FromUnixSeconds(1'000'000 + arrival_s);
  record.total = absl::Milliseconds(total_ms);
  record.status = status;
  return record;
}

std::vector<std::string> IdsOf(const std::vector<RequestRecord>& records) {
  std::vector<std::string> ids;
  for (const RequestRecord& record : records) ids.push_back(record.request_id);
  return ids;
}

TEST(RecentRequestsTest, KeepsTheSlowestInOrder) {
  RecentRequests recent({.entries = 2});
  recent.Add(RecordOf("a", 0, 10));
  recent.Add(RecordOf("b", 1, 30));
  recent.Add(RecordOf("c", 2, 20));
  recent.Add(RecordOf("d", 3, 5));
  EXPECT_THAT(IdsOf(recent.Slowest()), ElementsAre("b", "c"));
  EXPECT_TRUE(recent.Failed().empty());
}

TEST(RecentRequestsTest, ForgetsSlowOnesAfterTheWindow) {
  RecentRequests recent({.entries = 2, .window = absl::Seconds(10)});
  recent.Add(RecordOf("a", 0, 100));
  recent.Add(RecordOf("b", 5, 10));
  recent.Add(RecordOf("c", 11, 1));
  EXPECT_THAT(IdsOf(recent.Slowest()), ElementsAre("b", "c"));
}

TEST(RecentRequestsTest, KeepsTheLastThatFailed) {
  RecentRequests recent({.entries = 2});
  for (const char* id : {"a", "b", "c"}) {
    recent.Add(RecordOf(id, 0, 1, absl::InternalError("broken")));
  }
  EXPECT_THAT(IdsOf(recent.Failed()), ElementsAre("c", "b"));
}

}  // namespace
}  // namespace localmamba::server
