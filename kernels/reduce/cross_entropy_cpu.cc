#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/device/parallel.h"
#include "kernels/reduce/backends.h"

namespace localmamba {
namespace {

struct CrossEntropyScratch {
  std::vector<float> losses;
};

// The maximum of a row and the logarithm of the sum of exp(row - maximum).
struct LogSum {
  float maximum;
  float log;
};

LogSum LogSumOf(const float* row, int64_t count) {
  const float maximum = *std::max_element(row, row + count);
  float sum = 0.0F;
  for (int64_t c = 0; c < count; ++c) sum += std::exp(row[c] - maximum);
  return {maximum, std::log(sum)};
}

}  // namespace

absl::Status CrossEntropyCpu(const CrossEntropyArgs& args, Stream& stream) {
  const int64_t B = args.logits.dim(0);
  const int64_t C = args.logits.dim(1);
  std::vector<float>& losses = stream.Local<CrossEntropyScratch>().losses;
  losses.resize(static_cast<size_t>(B));
  ParallelFor(stream, B, GrainRows(C), [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      const float* logits = args.logits.data<float>() + b * args.logits.stride(0);
      const float* targets = args.targets.data<float>() + b * C;
      const LogSum log_sum = LogSumOf(logits, C);
      float loss = 0.0F;
      for (int64_t c = 0; c < C; ++c) {
        loss += targets[c] * (log_sum.log - (logits[c] - log_sum.maximum));
      }
      losses[static_cast<size_t>(b)] = loss;
    }
  });
  if (!args.losses.empty()) {
    std::copy(losses.begin(), losses.end(), args.losses.data<float>());
  }
  if (!args.loss.empty()) {
    float sum = 0.0F;
    for (const float loss : losses) sum += loss;
    *args.loss.data<float>() = sum / static_cast<float>(B);
  }
  return absl::OkStatus();
}

absl::Status CrossEntropyBackwardCpu(const CrossEntropyBackwardArgs& args, Stream& stream) {
  const int64_t B = args.logits.dim(0);
  const int64_t C = args.logits.dim(1);
  const float dloss = args.dloss.empty() ? 1.0F : *args.dloss.data<float>();
  const float scale = dloss / static_cast<float>(B);
  ParallelFor(stream, B, GrainRows(C), [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      const float* logits = args.logits.data<float>() + b * args.logits.stride(0);
      const float* targets = args.targets.data<float>() + b * C;
      float* dlogits = args.dlogits.data<float>() + b * args.dlogits.stride(0);
      const LogSum log_sum = LogSumOf(logits, C);
      float weight = 0.0F;
      for (int64_t c = 0; c < C; ++c) weight += targets[c];
      for (int64_t c = 0; c < C; ++c) {
        const float probability = std::exp(logits[c] - log_sum.maximum - log_sum.log);
        dlogits[c] = (probability * weight - targets[c]) * scale;
      }
    }
  });
  return absl::OkStatus();
}

}  // namespace localmamba
