#include "server/batching/fair_share.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace localmamba::server {
namespace {

constexpr absl::Duration kMs = absl::Milliseconds(1);

// Members that always wait and what their turns take.
struct Contender {
  double weight;
  absl::Duration cost;
  double wanted_share;  // of the time
};

struct ShareCase {
  std::string name;
  std::vector<Contender> contenders;
};

class FairShareTest : public testing::TestWithParam<ShareCase> {};

TEST_P(FairShareTest, GivesTimeByWeight) {
  FairShare share;
  std::map<FairShare::Member, Contender> contenders;
  std::map<FairShare::Member, absl::Duration> times;
  for (const Contender& contender : GetParam().contenders) {
    const FairShare::Member member = share.Join(contender.weight);
    contenders[member] = contender;
    share.BeginWaiting(member);
  }
  absl::Duration total;
  for (int i = 0; i < 10'000; ++i) {
    const FairShare::Member member = share.Next();
    const absl::Duration cost = contenders.at(member).cost;
    share.Grant(member, 2 * cost);  // what is expected may be wrong
    share.BeginWaiting(member);
    share.Correct(member, -cost);
    times[member] += cost;
    total += cost;
  }
  for (const auto& [member, contender] : contenders) {
    EXPECT_NEAR(absl::FDivDuration(times[member], total), contender.wanted_share, 0.01);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, FairShareTest,
    testing::Values(ShareCase{"Equal", {{1, 5 * kMs, 0.5}, {1, 5 * kMs, 0.5}}},
                    ShareCase{"LongBatchesGetFewerTurns", {{1, 40 * kMs, 0.5}, {1, kMs, 0.5}}},
                    ShareCase{"ByWeight", {{3, 5 * kMs, 0.75}, {1, 5 * kMs, 0.25}}},
                    ShareCase{"ThreeOfThem",
                              {{1, 7 * kMs, 0.2}, {1.5, 2 * kMs, 0.3}, {2.5, 11 * kMs, 0.5}}}),
    [](const testing::TestParamInfo<ShareCase>& info) { return info.param.name; });

TEST(FairShareMembersTest, WhoWasAwayDoesNotGetWhatItLeftToOthers) {
  FairShare share;
  const FairShare::Member busy = share.Join(1);
  const FairShare::Member idle = share.Join(1);
  for (int i = 0; i < 100; ++i) {
    share.BeginWaiting(busy);
    share.Grant(busy, 10 * kMs);
  }
  int of_idle = 0;
  for (int i = 0; i < 20; ++i) {
    share.BeginWaiting(busy);
    share.BeginWaiting(idle);
    const FairShare::Member next = share.Next();
    of_idle += next == idle ? 1 : 0;
    share.Grant(next, 10 * kMs);
  }
  EXPECT_GE(of_idle, 9);
  EXPECT_LE(of_idle, 12);
}

TEST(FairShareMembersTest, MembersComeAndGo) {
  FairShare share;
  const FairShare::Member first = share.Join(1);
  share.BeginWaiting(first);
  share.Grant(first, kMs);
  share.Leave(first);
  const FairShare::Member second = share.Join(1);
  EXPECT_NE(first, second);
  share.BeginWaiting(second);
  EXPECT_EQ(share.Next(), second);
}

}  // namespace
}  // namespace localmamba::server
