#include "kernels/detection/anchor_grid.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/reference/detection.h"
#include "tests/support/backend.h"
#include "tests/support/golden_operators.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

class AnchorGridTest : public BackendTest<OnlyCase> {
 protected:
  std::vector<double> Anchors(const AnchorGrid& grid) {
    TestTensor& anchors = results_.emplace_back(Shape{grid.anchors(), 4});
    EXPECT_TRUE(Fetch(WriteAnchors(grid, Float32(anchors), stream())));
    return anchors.values();
  }

 private:
  std::deque<TestTensor> results_;  // the copies on the device are found by their addresses
};

TEST_P(AnchorGridTest, AgreesWithReference) {
  const AnchorGrid grid{.height = 5, .width = 3, .stride = 16};
  std::vector<double> expected;
  for (int64_t anchor = 0; anchor < grid.anchors(); ++anchor) {
    const double ratio = std::vector<double>{0.5, 1, 2}[static_cast<size_t>(anchor % 3)];
    for (const double corner : reference::Anchor(anchor / 9, anchor / 3 % 3, 16, ratio)) {
      expected.push_back(corner);
    }
  }
  ExpectNear(Anchors(grid), expected, 1e-4);  // a few roundings of numbers below 256
}

TEST_P(AnchorGridTest, AgreesWithGoldenOperators) {
  const GoldenTensors golden = GoldenOperators();
  const nlohmann::json sizes = GoldenOperatorTables().at("anchors").at("map_sizes");
  for (size_t level = 0; level < sizes.size(); ++level) {
    const AnchorGrid grid{.height = sizes[level][0].get<int64_t>(),
                          .width = sizes[level][1].get<int64_t>(),
                          .stride = static_cast<float>(4 << level)};
    ExpectNear(Anchors(grid), Doubles(golden.at(absl::StrCat("anchors.", level)).f32), 2e-5, 1e-5);
  }
}

INSTANTIATE_TEST_SUITE_P(Devices, AnchorGridTest,
                         ::testing::Combine(::testing::ValuesIn(Float32Backends()),
                                            ::testing::Values(OnlyCase{})),
                         BackendCaseName);

TEST(AnchorGridErrorTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor anchors({17, 4});
  const absl::Status status = WriteAnchors({.height = 2, .width = 3}, anchors.view(), stream);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("anchors: \"anchors\" is f32[17,4] on cpu, wanted f32[18,4]"));
}

}  // namespace
}  // namespace localmamba
