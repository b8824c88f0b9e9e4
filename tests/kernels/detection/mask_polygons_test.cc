#include "kernels/detection/mask_polygons.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "tests/support/golden_operators.h"

namespace localmamba {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

RunLengths Encode(const std::vector<uint8_t>& mask, int64_t height) {
  return EncodeRunLengths(
      {mask.data(), DType::kUInt8, {height, static_cast<int64_t>(mask.size()) / height}});
}

RunLengths Fill(const std::vector<Polygon>& polygons, int64_t height, int64_t width) {
  std::vector<RunLengths> parts;
  for (const Polygon& polygon : polygons) parts.push_back(*FillPolygon(polygon, height, width));
  return Union(parts);
}

TEST(FillPolygonTest, AgreesWithPublishedVectors) {
  EXPECT_THAT(FillPolygon({1, 1, 5, 1, 5, 4, 1, 4}, 6, 8)->counts,
              ElementsAre(7, 3, 3, 3, 3, 3, 3, 3, 20));
  EXPECT_THAT(FillPolygon({0.5, 0.5, 6.2, 1.1, 3.3, 5.7}, 6, 8)->counts,
              ElementsAre(7, 1, 5, 3, 3, 5, 1, 3, 3, 1, 16));
}

TEST(FillPolygonTest, AgreesWithGoldenOperators) {
  const nlohmann::json tables = GoldenOperatorTables();
  for (const nlohmann::json& expected : tables.at("polygons")) {
    const auto polygons = expected.at("polygons").get<std::vector<Polygon>>();
    const RunLengths runs =
        Fill(polygons, expected.at("h").get<int64_t>(), expected.at("w").get<int64_t>());
    EXPECT_EQ(FormatRunLengths(runs), expected.at("rle").get<std::string>());
    EXPECT_EQ(Area(runs), expected.at("area").get<int64_t>());
    const PixelBox box = BoundingBox(runs);
    const auto corner = [&](size_t i) { return expected.at("bbox").at(i).get<double>(); };
    EXPECT_EQ(box, (PixelBox{static_cast<int64_t>(corner(0)), static_cast<int64_t>(corner(1)),
                             static_cast<int64_t>(corner(2)), static_cast<int64_t>(corner(3))}));
  }
}

TEST(FillPolygonTest, RefusesWhatIsNoPolygon) {
  const auto message = [](const Polygon& polygon) {
    const auto runs = FillPolygon(polygon, 4, 4);
    EXPECT_EQ(runs.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(runs.status().message());
  };
  EXPECT_THAT(message({1, 1, 2, 2}), HasSubstr("polygon has 4 coordinates"));
  EXPECT_THAT(message({1, 1, 2, 2, 3, 3, 4}), HasSubstr("polygon has 7 coordinates"));
  EXPECT_THAT(message({1, 1, 2, 2, 3, 1e30}), HasSubstr("polygon has the coordinate 1e+30"));
  EXPECT_THAT(message({1, 1, 2, 2, 3, std::numeric_limits<double>::quiet_NaN()}),
              HasSubstr("coordinate nan"));
}

TEST(MaskOutlinesTest, GoRoundEachPartAlongItsPixels) {
  EXPECT_THAT(MaskOutlines(Encode({0, 0, 0, 0, /**/ 0, 1, 1, 0, /**/ 0, 0, 0, 0}, 3)),
              ElementsAre(Polygon{3, 1, 3, 2, 1, 2, 1, 1}));
  // Pixels that touch at a corner are parts of their own.
  EXPECT_THAT(MaskOutlines(Encode({1, 0, /**/ 0, 1}, 2)), SizeIs(2));
  EXPECT_THAT(MaskOutlines(Encode({0, 0, 0, 0}, 2)), SizeIs(0));
}

TEST(MaskOutlinesTest, LeaveOutHoles) {
  const RunLengths ring = Encode({1, 1, 1, /**/ 1, 0, 1, /**/ 1, 1, 1}, 3);
  EXPECT_THAT(MaskOutlines(ring), ElementsAre(Polygon{3, 0, 3, 3, 0, 3, 0, 0}));
}

TEST(MaskOutlinesTest, FillBackToTheMask) {
  // Two parts, with notches, at the border and inside.
  const std::vector<uint8_t> mask = {1, 1, 0, 0, 0, 0, 1,  //
                                     1, 0, 0, 1, 1, 0, 1,  //
                                     1, 1, 0, 1, 1, 1, 1,  //
                                     0, 1, 0, 0, 1, 0, 1,  //
                                     0, 1, 0, 0, 0, 0, 1};
  const RunLengths runs = Encode(mask, 5);
  const std::vector<Polygon> outlines = MaskOutlines(runs);
  EXPECT_THAT(outlines, SizeIs(2));
  EXPECT_EQ(Fill(outlines, 5, 7), runs);
}

}  // namespace
}  // namespace localmamba
