// What selects and reads boxes, at the sizes of an 800 x 1344 image with 1000 proposals.
#include <vector>

#include "kernels/detection/batched_nms.h"
#include "kernels/detection/decode_boxes.h"
#include "kernels/detection/roi_align.h"
#include "kernels/reduce/top_k.h"
#include "tests/gpu/bench_case.h"

namespace localmamba {
namespace {

// Boxes of 8 to 400 pixels a side, spread over the image.
Tensor RandomBoxes(const Case& c, const Shape& shape) {
  auto random = [state = 1U](float low, float high) mutable {
    state = state * 1664525U + 1013904223U;
    return low + (high - low) * static_cast<float>(state >> 8) / 16777216.0F;
  };
  std::vector<float> boxes;
  while (static_cast<int64_t>(boxes.size()) < shape.elements()) {
    const float x = random(0, 900);
    const float y = random(0, 400);
    boxes.insert(boxes.end(), {x, y, x + random(8, 400), y + random(8, 400)});
  }
  return c.device.Upload({boxes.data(), DType::kFloat32, shape});
}

Tensor Int32(const Case& c, const Shape& shape) {
  const std::vector<int32_t> zeros(static_cast<size_t>(shape.elements()));
  return c.device.Upload({zeros.data(), DType::kInt32, shape});
}

void Regions(const Case& c, int64_t regions, int64_t bins) {
  RoiAlignArgs args;
  std::vector<Tensor> maps;
  for (int64_t level = 0; level < 4; ++level) {
    maps.push_back(c.Data({c.batch, 200 >> level, 336 >> level, 256}));
    args.maps.push_back({maps.back(), static_cast<float>(4 << level)});
  }
  const Tensor rois = RandomBoxes(c, {c.batch, regions, 4});
  const Tensor y = c.Data({c.batch, regions, bins, bins, 256});
  args.rois = rois;
  args.y = y;
  c.Run({.bytes = Bytes({maps[0], maps[1], maps[2], maps[3], y})},
        [&] { return RoiAlign(args, c.device.stream()); });
}

// The 1000 best of the finest map's anchors.
void BestAnchors(const Case& c) {
  const Tensor scores = c.Float32({c.batch, 200 * 336 * 3});
  const Tensor values = c.Float32({c.batch, 1000});
  const Tensor indices = Int32(c, {c.batch, 1000});
  c.Run({.bytes = Bytes({scores})},
        [&] { return TopK(scores, values, indices, c.device.stream()); });
}

// With more than half of the candidates, which is far more than a trained network gives.
void Suppress(const Case& c, int64_t rows, int64_t classes, int64_t capacity, float iou) {
  const Tensor boxes = RandomBoxes(c, {c.batch, rows, classes, 4});
  const Tensor scores = c.Float32({c.batch, rows, classes});
  const Tensor y_boxes = c.Float32({c.batch, capacity, 4});
  const Tensor y_scores = c.Float32({c.batch, capacity});
  const Tensor y_groups = Int32(c, {c.batch, capacity});
  const Tensor indices = Int32(c, {c.batch, capacity});
  const Tensor counts = Int32(c, {c.batch});
  c.Run({.bytes = Bytes({boxes, scores})}, [&] {
    return BatchedNms({.boxes = boxes,
                       .scores = scores,
                       .score_threshold = -0.5F,
                       .iou_threshold = iou,
                       .y_boxes = y_boxes,
                       .y_scores = y_scores,
                       .y_groups = y_groups,
                       .indices = indices,
                       .counts = counts},
                      c.device.stream());
  });
}

void Decode(const Case& c) {
  const Tensor boxes = RandomBoxes(c, {c.batch, 1000, 4});
  const Tensor deltas = c.Data({c.batch, 1000, 80, 4});
  const std::vector<float> sizes(static_cast<size_t>(2 * c.batch), 800.0F);
  const Tensor limits = c.device.Upload({sizes.data(), DType::kFloat32, {c.batch, 2}});
  const Tensor y = c.Float32({c.batch, 1000, 80, 4});
  c.Run({.bytes = Bytes({deltas, y})}, [&] {
    return DecodeBoxes({.boxes = boxes,
                        .deltas = deltas,
                        .scale = {0.1F, 0.1F, 0.2F, 0.2F},
                        .limits = limits,
                        .y = y},
                       c.device.stream());
  });
}

}  // namespace

void AddDetectionBenchmarks(AddBenchmark add) {
  add("roi_align proposals", [](const Case& c) { Regions(c, 1000, 7); });
  add("roi_align masks", [](const Case& c) { Regions(c, 100, 14); });
  add("top_k anchors", BestAnchors);
  add("batched_nms proposals", [](const Case& c) { Suppress(c, 4819, 1, 1000, 0.7F); });
  add("batched_nms classes", [](const Case& c) { Suppress(c, 1000, 80, 100, 0.5F); });
  add("decode_boxes", Decode);
}

}  // namespace localmamba
