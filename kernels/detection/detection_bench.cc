// The detection operations at the sizes of an 800 x 1344 image with 1000 proposals.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <random>
#include <vector>

#include "kernels/detection/batched_nms.h"
#include "kernels/detection/paste_masks.h"
#include "kernels/detection/roi_align.h"
#include "kernels/detection/run_lengths.h"

namespace localmamba {
namespace {

// Boxes of 8 to 400 pixels a side, spread over the image.
std::vector<float> RandomBoxes(int64_t count) {
  std::mt19937 random(1);
  const auto uniform = [&](float low, float high) {
    return low + (high - low) * static_cast<float>(random() / 4294967296.0);
  };
  std::vector<float> boxes;
  for (int64_t i = 0; i < count; ++i) {
    const float x = uniform(0, 900);
    const float y = uniform(0, 400);
    boxes.insert(boxes.end(), {x, y, x + uniform(8, 400), y + uniform(8, 400)});
  }
  return boxes;
}

void Report(benchmark::State& state, const absl::Status& status, double bytes) {
  if (!status.ok()) state.SkipWithError(status.ToString().c_str());
  state.counters["B/s"] = benchmark::Counter(static_cast<double>(state.iterations()) * bytes,
                                             benchmark::Counter::kIsRate);
}

void BenchmarkRoiAlign(benchmark::State& state) {
  const int64_t bins = state.range(0);
  const int64_t regions = state.range(1);
  constexpr int64_t kChannels = 256;
  Stream stream = *Stream::Create(Device::Cpu(), static_cast<int>(state.range(2)));
  std::vector<std::vector<float>> maps;
  RoiAlignArgs args;
  for (int64_t level = 0; level < 4; ++level) {
    const Shape shape = {1, 200 >> level, 336 >> level, kChannels};
    maps.emplace_back(static_cast<size_t>(shape.elements()), 1.0F);
    args.maps.push_back(
        {{maps.back().data(), DType::kFloat32, shape}, static_cast<float>(4 << level)});
  }
  const std::vector<float> boxes = RandomBoxes(regions);
  const Shape shape = {1, regions, bins, bins, kChannels};
  std::vector<float> y(static_cast<size_t>(shape.elements()));
  args.rois = {boxes.data(), DType::kFloat32, {1, regions, 4}};
  args.y = {y.data(), DType::kFloat32, shape};
  absl::Status status;
  for ([[maybe_unused]] auto iteration : state) status = RoiAlign(args, stream);
  Report(state, status, static_cast<double>(y.size() * sizeof(float)));
}
BENCHMARK(BenchmarkRoiAlign)
    ->ArgNames({"bins", "regions", "threads"})
    ->ArgsProduct({{7}, {1000}, {1, 2}})
    ->ArgsProduct({{14}, {100}, {1, 2}})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

void BenchmarkBatchedNms(benchmark::State& state) {
  const int64_t rows = state.range(0);
  const int64_t classes = state.range(1);
  const int64_t K = state.range(2);
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  const std::vector<float> boxes = RandomBoxes(rows * classes);
  std::vector<float> scores;
  std::mt19937 random(2);
  for (int64_t i = 0; i < rows * classes; ++i) {
    scores.push_back(static_cast<float>(random() / 4294967296.0));
  }
  std::vector<float> y_boxes(static_cast<size_t>(K * 4));
  std::vector<float> y_scores(static_cast<size_t>(K));
  std::vector<int32_t> groups(static_cast<size_t>(K));
  std::vector<int32_t> indices(static_cast<size_t>(K));
  int32_t count = 0;
  absl::Status status;
  for ([[maybe_unused]] auto iteration : state) {
    status = BatchedNms({.boxes = {boxes.data(), DType::kFloat32, {1, rows, classes, 4}},
                         .scores = {scores.data(), DType::kFloat32, {1, rows, classes}},
                         .score_threshold = 0.05F,
                         .iou_threshold = 0.6F,
                         .y_boxes = {y_boxes.data(), DType::kFloat32, {1, K, 4}},
                         .y_scores = {y_scores.data(), DType::kFloat32, {1, K}},
                         .y_groups = {groups.data(), DType::kInt32, {1, K}},
                         .indices = {indices.data(), DType::kInt32, {1, K}},
                         .counts = {&count, DType::kInt32, {1}}},
                        stream);
  }
  Report(state, status, static_cast<double>(boxes.size() * sizeof(float)));
}
BENCHMARK(BenchmarkBatchedNms)
    ->ArgNames({"rows", "classes", "kept"})
    ->Args({4819, 1, 1000})
    ->Args({1000, 80, 100})
    ->Unit(benchmark::kMillisecond);

// 100 masks into an image of 800 x 1333 pixels, as run lengths.
void BenchmarkPasteMasks(benchmark::State& state) {
  constexpr int64_t kHeight = 800;
  constexpr int64_t kWidth = 1333;
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  const std::vector<float> map(28 * 28, 0.8F);
  const std::vector<float> boxes = RandomBoxes(100);
  std::vector<uint8_t> pixels(kHeight * kWidth);
  absl::Status status;
  for ([[maybe_unused]] auto iteration : state) {
    for (size_t i = 0; i < boxes.size() && status.ok(); i += 4) {
      const PixelWindow window =
          MaskWindow({boxes[i], boxes[i + 1], boxes[i + 2], boxes[i + 3]}, kHeight, kWidth);
      const Shape shape = {window.bottom - window.top, window.right - window.left};
      status = PasteMasks({.probabilities = {map.data(), DType::kFloat32, {1, 28, 28}},
                           .boxes = {&boxes[i], DType::kFloat32, {1, 4}},
                           .top = window.top,
                           .left = window.left,
                           .masks = {pixels.data(), DType::kUInt8, {1, shape[0], shape[1]}}},
                          stream);
      benchmark::DoNotOptimize(EncodeRunLengths({pixels.data(), DType::kUInt8, shape}, window.top,
                                                window.left, kHeight, kWidth));
    }
  }
  Report(state, status, 100.0 * kHeight * kWidth);
}
BENCHMARK(BenchmarkPasteMasks)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace localmamba
