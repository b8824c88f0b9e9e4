#include "kernels/scan/scan_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/support/golden.h"

namespace localmamba {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

ScanDirection Direction(absl::string_view name) { return ScanDirection::Parse(name).value(); }

// [token] → position whose output it receives, as the golden data stores it.
std::vector<int32_t> Inverse(const ScanOrder& order, int64_t tokens) {
  std::vector<int32_t> inverse(static_cast<size_t>(tokens), -1);
  for (size_t t = 0; t < order.write.size(); ++t) {
    if (order.write[t] >= 0) inverse[static_cast<size_t>(order.write[t])] = static_cast<int32_t>(t);
  }
  return inverse;
}

TEST(ScanOrderTest, EqualsGoldenOrders) {
  const auto cases = GoldenCases("scan_order");
  ASSERT_EQ(cases.size(), 1U);
  const auto tensors = LoadGoldenTensors(FindGoldenFile(cases[0].at("file").get<std::string>()));
  ASSERT_TRUE(tensors.ok()) << tensors.status();
  for (const auto& grid : cases[0].at("grids")) {
    const auto height = grid.at(0).get<int64_t>();
    const auto width = grid.at(1).get<int64_t>();
    for (const auto& name : cases[0].at("directions")) {
      const std::string prefix = absl::StrCat(height, "x", width, "/", name.get<std::string>());
      SCOPED_TRACE(prefix);
      const ScanDirection direction = Direction(name.get<std::string>());
      const ScanOrder exact = MakeScanOrder(direction, height, width, VerticalReverse::kExact);
      EXPECT_EQ(exact.read, tensors->at(prefix + "/order").i32);
      EXPECT_EQ(Inverse(exact, height * width), tensors->at(prefix + "/inverse").i32);

      const ScanOrder official =
          MakeScanOrder(direction, height, width, VerticalReverse::kOfficial);
      EXPECT_EQ(official.read, exact.read);
      const auto stored = tensors->find(prefix + "/inverse_official");
      EXPECT_EQ(Inverse(official, height * width),
                stored == tensors->end() ? Inverse(exact, height * width) : stored->second.i32);
    }
  }
}

TEST(ScanOrderTest, InsertsClassTokenAtTheMiddlePositionOfThePaddedSequence) {
  // 3 x 3 cells, m = 4; w2 pads to 4 x 4: 0 1 3 4 2 -1 5 -1 6 7 -1 -1 8 -1 -1 -1.
  const ScanOrder order =
      MakeScanOrderWithClassToken(Direction("w2"), 3, 3, VerticalReverse::kExact);
  EXPECT_THAT(order.read, ElementsAre(0, 1, 3, 5, 4, 2, -1, 6, -1, 7, 8, -1, -1, 9, -1, -1, -1));
  EXPECT_EQ(order.write, order.read);
}

TEST(ScanOrderTest, KeepsTheClassTokenUnderTheOfficialReverse) {
  const ScanOrder order =
      MakeScanOrderWithClassToken(Direction("v"), 2, 3, VerticalReverse::kOfficial);
  EXPECT_THAT(order.read, ElementsAre(0, 4, 1, 3, 5, 2, 6));
  EXPECT_EQ(order.write[3], 3);
}

TEST(ScanOrderTest, WindowOfOneEqualsRows) {
  EXPECT_EQ(MakeScanOrder(Direction("w1_flip"), 3, 5, VerticalReverse::kExact).read,
            MakeScanOrder(Direction("h_flip"), 3, 5, VerticalReverse::kExact).read);
}

TEST(ScanDirectionTest, ParsesWhatItPrints) {
  for (const char* name : {"h", "h_flip", "v", "v_flip", "w1", "w2_flip", "w7", "w14", "w112"}) {
    EXPECT_EQ(Direction(name).ToString(), name);
  }
}

TEST(ScanDirectionTest, RejectsOtherNames) {
  for (const char* name : {"", "_flip", "x", "h2", "w", "w0", "w-1", "w+2", "w 2", "w02", "w2_flop",
                           "w2_flip_flip", "w99999999999", "H"}) {
    const auto direction = ScanDirection::Parse(name);
    EXPECT_EQ(direction.status().code(), absl::StatusCode::kInvalidArgument) << name;
    EXPECT_THAT(direction.status().message(), HasSubstr(absl::StrCat("\"", name, "\"")));
  }
}

TEST(ScanDirectionTest, LengthCountsPadding) {
  EXPECT_EQ(Direction("h").Length(5, 7), 35);
  EXPECT_EQ(Direction("v_flip").Length(5, 7), 35);
  EXPECT_EQ(Direction("w7").Length(32, 32), 35 * 35);
  EXPECT_EQ(Direction("w2").Length(7, 7), 64);
}

}  // namespace
}  // namespace localmamba
