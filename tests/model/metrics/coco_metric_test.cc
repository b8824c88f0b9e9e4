#include "model/metrics/coco_metric.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/support/golden.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

std::string ReadGolden(const std::string& file) {
  std::ifstream stream(FindGoldenFile(file, "heads"), std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

CocoResult Box(int64_t image, int64_t category, const CocoBox& box, double score) {
  return {.image_id = image, .category_id = category, .score = score, .box = box, .mask = {}};
}

CocoObject Object(int64_t image, int64_t category, const CocoBox& box, double area, bool crowd) {
  return {.image_id = image,
          .category_id = category,
          .box = box,
          .area = area,
          .crowd = crowd,
          .mask = {}};
}

CocoGroundTruth TwoImages() {
  CocoGroundTruth truth;
  truth.images = {{1, {"a.jpg", 500, 600}}, {2, {"b.jpg", 500, 600}}};
  truth.categories = {{1, "one"}, {3, "three"}};
  truth.objects = {
      Object(1, 1, {100, 100, 50, 80}, 3000, false), Object(1, 1, {300, 200, 20, 30}, 500, false),
      Object(1, 3, {50, 50, 200, 150}, 25000, false), Object(2, 1, {10, 20, 60, 60}, 3600, false),
      Object(2, 1, {400, 300, 100, 100}, 10000, true)};
  return truth;
}

const std::vector<CocoResult>& TwoImagesResults() {
  static const std::vector<CocoResult> results = {
      Box(1, 1, {102, 98, 50, 80}, 0.9),  Box(1, 1, {110, 110, 50, 80}, 0.8),
      Box(1, 1, {300, 204, 20, 30}, 0.4), Box(1, 3, {60, 60, 200, 150}, 0.7),
      Box(2, 1, {10, 20, 60, 57}, 0.6),   Box(2, 1, {420, 320, 30, 30}, 0.95),
      Box(2, 3, {420, 320, 30, 30}, 0.5)};
  return results;
}

TEST(CocoMetricTest, AgreesWithPublishedNumbers) {
  const CocoSummary summary = EvaluateCoco(TwoImages(), TwoImagesResults(), {}).value();
  EXPECT_NEAR(summary.ap, 0.616914, 1e-6);
  EXPECT_NEAR(summary.ap50, 0.917079, 1e-6);
  EXPECT_NEAR(summary.ap75, 0.917079, 1e-6);
  EXPECT_NEAR(summary.ap_small, 0.6, 1e-6);
  EXPECT_NEAR(summary.ap_medium, 0.701650, 1e-6);
  EXPECT_NEAR(summary.ap_large, 0.6, 1e-6);
  EXPECT_NEAR(summary.ar[0], 0.433333, 1e-6);
  EXPECT_NEAR(summary.ar[1], 0.7, 1e-6);
  EXPECT_NEAR(summary.ar[2], 0.7, 1e-6);
  EXPECT_NEAR(summary.ar_medium, 0.9, 1e-6);
  EXPECT_NEAR(summary.ap_per_category.at(1), 0.633828, 1e-6);
  EXPECT_NEAR(summary.ap_per_category.at(3), 0.6, 1e-6);
}

struct NumbersCase {
  std::string name;  // in coco_numbers.json
  std::string results;
  CocoOptions options;
};

class CocoNumbersTest : public ::testing::TestWithParam<NumbersCase> {};

TEST_P(CocoNumbersTest, EqualThoseOfTheOfficialTool) {
  const CocoGroundTruth truth = ParseCocoGroundTruth(ReadGolden("coco_gt.json"), "truth").value();
  const auto results = ParseCocoResults(ReadGolden(GetParam().results), "results").value();
  const CocoSummary summary = EvaluateCoco(truth, results, GetParam().options).value();
  const nlohmann::json numbers =
      nlohmann::json::parse(ReadGolden("coco_numbers.json")).at(GetParam().name);
  const auto expect = [&](const char* row, double found) {
    EXPECT_NEAR(found, numbers.at(row).get<double>(), 1e-6) << row;
  };
  expect("AP", summary.ap);
  expect("AP50", summary.ap50);
  expect("AP75", summary.ap75);
  expect("AP_small", summary.ap_small);
  expect("AP_medium", summary.ap_medium);
  expect("AP_large", summary.ap_large);
  expect("AR_maxdet0", summary.ar[0]);
  expect("AR_maxdet1", summary.ar[1]);
  expect("AR_maxdet2", summary.ar[2]);
  expect("AR_small", summary.ar_small);
  expect("AR_medium", summary.ar_medium);
  expect("AR_large", summary.ar_large);
  for (const auto& [id, ap] : summary.ap_per_category) {
    EXPECT_NEAR(ap, numbers.at("AP_per_category").at(absl::StrCat(id)).get<double>(), 1e-6) << id;
  }
  for (size_t t = 0; t < summary.ap_per_threshold.size(); ++t) {
    EXPECT_NEAR(summary.ap_per_threshold[t], numbers.at("AP_per_threshold").at(t).get<double>(),
                1e-6);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Cases, CocoNumbersTest,
    ::testing::Values(
        NumbersCase{"bbox_maxdets_1_10_100", "coco_dt_bbox.json", {}},
        NumbersCase{
            "bbox_maxdets_100_300_1000", "coco_dt_bbox.json", {.max_detections = {100, 300, 1000}}},
        NumbersCase{"segm_maxdets_1_10_100", "coco_dt_segm.json", {.overlap = CocoOverlap::kMasks}},
        NumbersCase{"segm_maxdets_100_300_1000",
                    "coco_dt_segm.json",
                    {.overlap = CocoOverlap::kMasks, .max_detections = {100, 300, 1000}}}),
    [](const auto& info) { return info.param.name; });

TEST(CocoMetricTest, HasNoNumbersWithoutObjects) {
  CocoGroundTruth truth = TwoImages();
  truth.objects.clear();
  const CocoSummary summary = EvaluateCoco(truth, TwoImagesResults(), {}).value();
  EXPECT_EQ(summary.ap, -1);
  EXPECT_EQ(summary.ar[2], -1);
  const CocoSummary nothing = EvaluateCoco(TwoImages(), {}, {}).value();
  EXPECT_EQ(nothing.ap, 0);
}

TEST(CocoMetricTest, RefusesResultsThatDoNotFit) {
  const auto message = [](const CocoResult& result, const CocoOptions& options) {
    const auto summary = EvaluateCoco(TwoImages(), {result}, options);
    EXPECT_EQ(summary.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(summary.status().message());
  };
  EXPECT_THAT(message(Box(7, 1, {}, 1), {}), HasSubstr("result 0 is of image 7"));
  EXPECT_THAT(message(Box(1, 1, {}, 1), {.overlap = CocoOverlap::kMasks}),
              HasSubstr("a mask of 0 x 0 pixels, wanted 500 x 600"));
  EXPECT_THAT(message(Box(1, 1, {}, 1), {.max_detections = {1, 1, 5}}),
              HasSubstr("max_detections has 1 after 1"));
}

TEST(CocoDataTest, NamesWhatIsWrong) {
  const auto message = [](absl::string_view json) {
    const auto truth = ParseCocoGroundTruth(json, "gt.json");
    EXPECT_EQ(truth.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(truth.status().message());
  };
  EXPECT_THAT(message("["), HasSubstr("gt.json: is not JSON"));
  EXPECT_THAT(message("[]"), HasSubstr("\"document\" is missing or not an object"));
  EXPECT_THAT(message("{}"), HasSubstr("\"images\" is missing or not a list"));
  EXPECT_THAT(message(R"({"images": [{"id": 1, "height": 2}]})"),
              HasSubstr("images[0]: \"width\" is missing or not an integer"));
  const std::string head =
      R"({"images": [{"id": 1, "height": 4, "width": 5}], "categories": [{"id": 7}],)";
  EXPECT_THAT(message(head + R"("annotations": [{"image_id": 2, "category_id": 7}]})"),
              HasSubstr("annotations[0]: image_id 2 is unknown"));
  EXPECT_THAT(message(head + R"("annotations": [{"image_id": 1, "category_id": 7,
                                 "bbox": [1, 2, 3, 4], "area": 1, "segmentation": [[1, 2]]}]})"),
              HasSubstr("annotations[0]: polygon has 2 coordinates"));
  const auto results =
      ParseCocoResults(R"([{"image_id": 1, "category_id": 7, "score": "x"}])", "r");
  EXPECT_THAT(std::string(results.status().message()),
              HasSubstr("r: results[0]: \"score\" is missing or not a finite number"));
}

}  // namespace
}  // namespace localmamba
