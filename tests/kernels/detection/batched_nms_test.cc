#include "kernels/detection/batched_nms.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>
#include <vector>

#include "tests/reference/detection.h"
#include "tests/support/backend.h"
#include "tests/support/golden_operators.h"

namespace localmamba {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Candidates {
  int64_t B = 1, R = 0, C = 1;
  std::vector<float> boxes;
  std::vector<float> scores;        // (B, R, score_columns)
  std::vector<int32_t> row_groups;  // empty: none
  std::vector<int32_t> row_counts;  // empty: all
  int64_t score_columns = 1;        // C or more
};

struct Kept {
  std::vector<float> boxes;
  std::vector<float> scores;
  std::vector<int32_t> groups, indices, counts;

  // Those of one image.
  [[nodiscard]] std::vector<int32_t> Indices(size_t image = 0) const {
    const size_t K = indices.size() / counts.size();
    const auto begin = indices.begin() + static_cast<std::ptrdiff_t>(image * K);
    return {begin, begin + counts[image]};
  }
};

class BatchedNmsTest : public BackendTest<OnlyCase> {
 protected:
  Kept RunNms(const Candidates& in, int64_t K, float score_threshold, float iou_threshold) {
    const auto n = static_cast<size_t>(in.B * K);
    Kept kept{.boxes = std::vector<float>(n * 4),
              .scores = std::vector<float>(n),
              .groups = std::vector<int32_t>(n),
              .indices = std::vector<int32_t>(n),
              .counts = std::vector<int32_t>(static_cast<size_t>(in.B))};
    const std::vector<TensorView> results = {{kept.boxes.data(), DType::kFloat32, {in.B, K, 4}},
                                             {kept.scores.data(), DType::kFloat32, {in.B, K}},
                                             {kept.groups.data(), DType::kInt32, {in.B, K}},
                                             {kept.indices.data(), DType::kInt32, {in.B, K}},
                                             {kept.counts.data(), DType::kInt32, {in.B}}};
    std::vector<TensorView> on_device;
    for (const TensorView& result : results) on_device.push_back(Upload(result));
    const ConstTensorView scores =
        Upload({in.scores.data(), DType::kFloat32, {in.B, in.R, in.score_columns}});
    EXPECT_TRUE(Fetch(
        BatchedNms({.boxes = Upload({in.boxes.data(), DType::kFloat32, {in.B, in.R, in.C, 4}}),
                    .scores = scores.Slice(2, 0, in.C),
                    .row_groups = Indices(in.row_groups),
                    .row_counts = Indices(in.row_counts),
                    .score_threshold = score_threshold,
                    .iou_threshold = iou_threshold,
                    .y_boxes = on_device[0],
                    .y_scores = on_device[1],
                    .y_groups = on_device[2],
                    .indices = on_device[3],
                    .counts = on_device[4]},
                   stream())));
    for (size_t i = 0; i < results.size(); ++i) EXPECT_TRUE(Fetch(on_device[i], results[i]));
    return kept;
  }
};

TEST_P(BatchedNmsTest, AgreesWithReferenceForImagesAndClasses) {
  // Whole numbers, so that no rounding decides.
  constexpr size_t kRows = 150;
  constexpr size_t kClasses = 3;
  Candidates in{.B = 2, .R = kRows, .C = kClasses, .score_columns = kClasses + 1};
  std::mt19937 random(7);
  for (size_t i = 0; i < 2 * kRows * kClasses; ++i) {
    const auto x = static_cast<float>(random() % 40);
    const auto y = static_cast<float>(random() % 30);
    in.boxes.insert(in.boxes.end(), {x, y, x + static_cast<float>(random() % 20),
                                     y + static_cast<float>(random() % 20)});
  }
  for (size_t i = 0; i < 2 * kRows * (kClasses + 1); ++i) {
    in.scores.push_back(static_cast<float>(random() % 64) / 64);  // with equal ones
  }
  const Kept kept = RunNms(in, kRows * kClasses, 0.25F, 0.5F);
  for (size_t image = 0; image < 2; ++image) {
    std::vector<reference::Corners> boxes;
    std::vector<double> scores;
    std::vector<int32_t> groups;
    for (size_t i = 0; i < kRows * kClasses; ++i) {
      const float* box = &in.boxes[(image * kRows * kClasses + i) * 4];
      boxes.push_back({box[0], box[1], box[2], box[3]});
      scores.push_back(in.scores[(image * kRows + i / kClasses) * (kClasses + 1) + i % kClasses]);
      groups.push_back(static_cast<int32_t>(i % kClasses));
    }
    const std::vector<int32_t> expected = reference::BatchedNms(boxes, scores, groups, 0.25, 0.5);
    EXPECT_EQ(kept.Indices(image), expected);
    EXPECT_GT(expected.size(), 50U);
  }
}

TEST_P(BatchedNmsTest, WritesTheKeptInOrderAndZerosBehindThem) {
  Candidates in{.R = 3,
                .boxes = {0, 0, 10, 10, 1, 0, 11, 10, 40, 40, 60, 50},
                .scores = {0.5F, 0.75F, 0.25F},
                .row_groups = {2, 2, 2}};
  const Kept kept = RunNms(in, 3, 0, 0.5F);
  EXPECT_THAT(kept.counts, ElementsAre(2));
  EXPECT_THAT(kept.indices, ElementsAre(1, 2, -1));
  EXPECT_THAT(kept.scores, ElementsAre(0.75F, 0.25F, 0));
  EXPECT_THAT(kept.groups, ElementsAre(2, 2, 0));
  EXPECT_THAT(kept.boxes, ElementsAre(1, 0, 11, 10, 40, 40, 60, 50, 0, 0, 0, 0));
}

TEST_P(BatchedNmsTest, KeepsAnOverlapOfExactlyTheThresholdAndOtherGroups) {
  Candidates in{.R = 6,
                .boxes = {0, 0, 10, 10, 0, 0, 10, 5,  0, 0, 10, 5.1F,
                          1, 1, 11, 11, 0, 0, 10, 10, 0, 0, 10, 10},
                .scores = {0.9F, 0.8F, 0.7F, 0.6F, 0.5F, 0.5F},
                .row_groups = {0, 0, 0, 0, 1, 1}};
  EXPECT_THAT(RunNms(in, 6, 0, 0.5F).Indices(), ElementsAre(0, 1, 4));
}

TEST_P(BatchedNmsTest, StopsAtTheCapacity) {
  Candidates in{
      .R = 3, .boxes = {0, 0, 1, 1, 5, 5, 6, 6, 9, 9, 10, 10}, .scores = {0.1F, 0.3F, 0.2F}};
  EXPECT_THAT(RunNms(in, 2, 0, 0.5F).Indices(), ElementsAre(1, 2));
}

TEST_P(BatchedNmsTest, LeavesOutLowScoresAndWhatIsNotFinite) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  Candidates in{
      .R = 5,
      .boxes = {0, 0, 1, 1, 5, 5, 6, 6, kNan, 9, 10, 10, 0, 0, kInfinity, 2, 20, 20, 30, 30},
      .scores = {0.25F, kNan, 0.9F, 0.9F, 0.5F}};
  EXPECT_THAT(RunNms(in, 5, 0.25F, 0.5F).Indices(), ElementsAre(4));
  in.scores.assign(5, 0.0F);
  EXPECT_THAT(RunNms(in, 5, 0.25F, 0.5F).counts, ElementsAre(0));
}

TEST_P(BatchedNmsTest, LeavesOutRowsBeyondTheCountOfTheImage) {
  Candidates in{.B = 2,
                .R = 2,
                .boxes = {0, 0, 1, 1, 5, 5, 6, 6, 0, 0, 1, 1, 5, 5, 6, 6},
                .scores = {0.1F, 0.3F, 0.1F, 0.3F},
                .row_counts = {1, 2}};
  const Kept kept = RunNms(in, 2, 0, 0.5F);
  EXPECT_THAT(kept.Indices(0), ElementsAre(0));
  EXPECT_THAT(kept.Indices(1), ElementsAre(1, 0));
}

TEST_P(BatchedNmsTest, AgreesWithGoldenOperators) {
  const GoldenTensors golden = GoldenOperators();
  for (const std::string set : {"nms.int.", "nms.frac."}) {
    const GoldenTensor& boxes = golden.at(set + "boxes");
    Candidates in{.R = boxes.shape[0],
                  .boxes = boxes.f32,
                  .scores = golden.at(set + "scores").f32,
                  .row_groups = golden.at(set + "groups").i32};
    EXPECT_EQ(RunNms(in, in.R, -1, 0.5F).Indices(), golden.at(set + "keep_05").i32);
    EXPECT_EQ(RunNms(in, in.R, -1, 0.7F).Indices(), golden.at(set + "keep_07").i32);
  }
}

// More candidates than any part of an implementation takes at once, nearly all of which overlap.
TEST_P(BatchedNmsTest, AgreesWithReferenceWhereMostAreSuppressed) {
  constexpr size_t kRows = 5000;
  Candidates in{.R = kRows};
  std::mt19937 random(3);
  std::vector<reference::Corners> boxes;
  std::vector<double> scores;
  for (size_t i = 0; i < kRows; ++i) {
    const auto x = static_cast<float>(random() % 64);
    const auto y = static_cast<float>(random() % 64);
    in.boxes.insert(in.boxes.end(), {x, y, x + 16, y + 16});
    in.scores.push_back(static_cast<float>(random() % 512) / 512);
    in.row_groups.push_back(static_cast<int32_t>(random() % 3));
    boxes.push_back({x, y, x + 16, y + 16});
    scores.push_back(in.scores.back());
  }
  const std::vector<int32_t> expected =
      reference::BatchedNms(boxes, scores, in.row_groups, -1, 0.75);
  EXPECT_GT(expected.size(), 300U);
  EXPECT_EQ(RunNms(in, kRows, -1, 0.75F).Indices(), expected);
  const Kept first = RunNms(in, 100, -1, 0.75F);
  EXPECT_EQ(first.Indices(), std::vector<int32_t>(expected.begin(), expected.begin() + 100));
}

INSTANTIATE_TEST_SUITE_P(Devices, BatchedNmsTest,
                         ::testing::Combine(::testing::ValuesIn(Float32Backends()),
                                            ::testing::Values(OnlyCase{})),
                         BackendCaseName);

TEST(BatchedNmsErrorTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor boxes({1, 2, 3, 4});
  TestTensor scores({1, 2, 2});
  const absl::Status status = BatchedNms({.boxes = boxes.view(), .scores = scores.view()}, stream);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("batched_nms: \"scores\" is f32[1,2,2] on cpu, wanted f32[1,2,3]"));
}

}  // namespace
}  // namespace localmamba
