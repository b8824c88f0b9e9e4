#include "server/runtime/budget.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace localmamba::server {
namespace {

TEST(BudgetTest, GivesUpToItsLimitAndAgainWhatIsReturned) {
  Budget budget(10);
  EXPECT_TRUE(budget.TryTake(4));
  EXPECT_TRUE(budget.TryTake(6));
  EXPECT_FALSE(budget.TryTake(1));
  budget.Return(4);
  EXPECT_FALSE(budget.TryTake(5));
  EXPECT_TRUE(budget.TryTake(4));
}

TEST(BudgetTest, HugeDemandsDoNotOverflow) {
  Budget budget(10);
  ASSERT_TRUE(budget.TryTake(10));
  EXPECT_FALSE(budget.TryTake(std::numeric_limits<int64_t>::max()));
}

}  // namespace
}  // namespace localmamba::server
