// One pass over the sorted candidates, each compared with those of its group that were kept, until
// enough are kept: few comparisons, since K is small beside the number of candidates.
#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <vector>

#include "kernels/detection/backends.h"
#include "kernels/detection/box.h"

namespace localmamba {
namespace {

struct Candidate {
  float score;
  int32_t index;  // r * C + c
  int32_t group;
};

std::vector<Candidate> Candidates(const BatchedNmsArgs& args, int64_t b, const Box* boxes) {
  const int64_t C = args.boxes.dim(2);
  const int64_t R =
      args.row_counts.empty() ? args.boxes.dim(1) : int64_t{args.row_counts.data<int32_t>()[b]};
  std::vector<Candidate> candidates;
  for (int64_t r = 0; r < R; ++r) {
    const float* scores =
        args.scores.data<float>() + b * args.scores.stride(0) + r * args.scores.stride(1);
    const int64_t row_group = args.row_groups.empty() ? 0 : args.row_groups.data<int32_t>()[r];
    for (int64_t c = 0; c < C; ++c) {
      const auto index = static_cast<int32_t>(r * C + c);
      if (!(scores[c] > args.score_threshold) || !IsFinite(boxes[index])) continue;
      candidates.push_back({scores[c], index, static_cast<int32_t>(row_group * C + c)});
    }
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
  return candidates;
}

float LargestCoordinate(const std::vector<Candidate>& candidates, const Box* boxes) {
  float largest = -INFINITY;
  for (const Candidate& candidate : candidates) {
    const Box& box = boxes[candidate.index];
    largest = std::max({largest, box.x1, box.y1, box.x2, box.y2});
  }
  return largest;
}

void RunImage(const BatchedNmsArgs& args, int64_t b) {
  const int64_t K = args.y_boxes.dim(1);
  const Box* boxes = reinterpret_cast<const Box*>(args.boxes.data<float>()) +
                     b * args.boxes.dim(1) * args.boxes.dim(2);
  Box* y_boxes = reinterpret_cast<Box*>(args.y_boxes.data<float>()) + b * K;
  float* y_scores = args.y_scores.data<float>() + b * K;
  int32_t* y_groups = args.y_groups.data<int32_t>() + b * K;
  int32_t* indices = args.indices.data<int32_t>() + b * K;

  const std::vector<Candidate> candidates = Candidates(args, b, boxes);
  const float step = LargestCoordinate(candidates, boxes) + 1.0F;
  std::unordered_map<int32_t, std::vector<Box>> kept;  // shifted boxes of each group
  int64_t count = 0;
  for (const Candidate& candidate : candidates) {
    if (count == K) break;
    const float shift = static_cast<float>(candidate.group) * step;
    const Box& box = boxes[candidate.index];
    const Box shifted = {box.x1 + shift, box.y1 + shift, box.x2 + shift, box.y2 + shift};
    std::vector<Box>& group = kept[candidate.group];
    const bool suppressed = std::any_of(group.begin(), group.end(), [&](const Box& better) {
      return Overlap(better, shifted, args.iou_threshold);
    });
    if (suppressed) continue;
    group.push_back(shifted);
    y_boxes[count] = box;
    y_scores[count] = candidate.score;
    y_groups[count] = candidate.group;
    indices[count] = candidate.index;
    ++count;
  }
  args.counts.data<int32_t>()[b] = static_cast<int32_t>(count);
  std::fill(y_boxes + count, y_boxes + K, Box{0, 0, 0, 0});
  std::fill(y_scores + count, y_scores + K, 0.0F);
  std::fill(y_groups + count, y_groups + K, 0);
  std::fill(indices + count, indices + K, -1);
}

}  // namespace

absl::Status BatchedNmsCpu(const BatchedNmsArgs& args, Stream& /*stream*/) {
  for (int64_t b = 0; b < args.boxes.dim(0); ++b) RunImage(args, b);
  return absl::OkStatus();
}

}  // namespace localmamba
