#include "model/weights/parameter_set.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace localmamba {
namespace {

TEST(ParameterSetTest, KeepsOrderAndAddressesAndFindsByName) {
  ParameterSet parameters;
  Parameter* first = parameters.Declare("a", {2, 3}, {});
  for (int i = 0; i < 100; ++i) parameters.Declare(absl::StrCat("b", i), {1}, {});
  EXPECT_EQ(parameters.Find("a"), first);
  EXPECT_EQ(&parameters.parameters().front(), first);
  EXPECT_EQ(parameters.Find("b99"), &parameters.parameters().back());
  EXPECT_EQ(parameters.Find("c"), nullptr);
}

TEST(ParameterSetTest, CountsTrainableElementsOnly) {
  ParameterSet parameters;
  parameters.Declare("weight", {2, 3}, {});
  parameters.Declare("table", {7}, {}, /*trainable=*/false);
  EXPECT_EQ(parameters.TrainableElements(), 6);
}

TEST(ParameterSetDeathTest, ANameTwiceIsABug) {
  ParameterSet parameters;
  parameters.Declare("weight", {1}, {});
  EXPECT_DEATH(parameters.Declare("weight", {1}, {}), "check failed");
}

}  // namespace
}  // namespace localmamba
