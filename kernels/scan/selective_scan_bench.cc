// State updates per second of the scan (one update: one state of one channel at one position) on
// the layers of LocalVMamba-T and LocalVim-T at 224x224, per instruction set. "speedup" is over
// Highway's SCALAR target on as many threads: the same code compiled for single floats. The
// backward reports its time as a multiple of the forward's.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "hwy/targets.h"
#include "kernels/scan/scan_order.h"
#include "kernels/scan/selective_scan.h"
#include "kernels/scan/selective_scan_backward.h"

namespace localmamba {
namespace {

constexpr int64_t kStates = 16;

struct Layer {
  const char* name;
  int64_t side;      // tokens per side
  int64_t channels;  // D
  int64_t rank;      // R
  bool gate;         // z inside the scan, as in LocalVim
};

constexpr Layer kLayers[] = {
    {"vssm_tiny_stage0", 56, 192, 6, false},  {"vssm_tiny_stage1", 28, 384, 12, false},
    {"vssm_tiny_stage2", 14, 768, 24, false}, {"vssm_tiny_stage3", 7, 1536, 48, false},
    {"vim_tiny", 14, 384, 12, true},
};

// Values that decay the state slowly, as trained networks do.
std::vector<float> Ramp(int64_t size, float low, float high) {
  std::vector<float> values(static_cast<size_t>(size));
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = low + (high - low) * static_cast<float>(i * 7919 % 1009) / 1009.0F;
  }
  return values;
}

ConstTensorView View(const std::vector<float>& values, const Shape& shape) {
  return {values.data(), DType::kFloat32, shape};
}

// The four directions of one layer and the memory behind them.
class Problem {
 public:
  explicit Problem(const Layer& layer)
      : tokens_(layer.side * layer.side),
        channels_(layer.channels),
        u_(Ramp(tokens_ * channels_, -1, 1)),
        delta_(Ramp(tokens_ * layer.rank, -1, 1)),
        B_(Ramp(tokens_ * kStates, -1, 1)),
        z_(Ramp(tokens_ * channels_, -2, 2)),
        delta_weight_(Ramp(channels_ * layer.rank, -0.1F, 0.1F)),
        bias_(Ramp(channels_, -7, -2)),
        A_(Ramp(channels_ * kStates, -16, -1)),
        skip_(Ramp(channels_, 0, 1)) {
    for (const char* name : {"h", "v_flip", "w2", "w7_flip"}) {
      orders_.push_back(MakeScanOrder(*ScanDirection::Parse(name), layer.side, layer.side,
                                      VerticalReverse::kExact));
      outputs_.emplace_back(u_.size());
      // du, dstep and dz; dB and dC; dA, dD and ddelta_bias.
      gradients_.emplace_back(3 * u_.size() + 2 * B_.size() + A_.size() + 2 * skip_.size());
    }
    for (size_t k = 0; k < orders_.size(); ++k) {
      const auto length = static_cast<int64_t>(orders_[k].read.size());
      const ConstTensorView read(orders_[k].read.data(), DType::kInt32, {length});
      const Shape tokens = {1, tokens_, channels_};
      directions_.push_back({.u = View(u_, tokens),
                             .delta = View(delta_, {1, tokens_, layer.rank}),
                             .B = View(B_, {1, tokens_, kStates}),
                             .C = View(B_, {1, tokens_, kStates}),
                             .z = layer.gate ? View(z_, tokens) : ConstTensorView(),
                             .read = read,
                             .z_read = read,
                             .write = {orders_[k].write.data(), DType::kInt32, {length}},
                             .delta_weight = View(delta_weight_, {channels_, layer.rank}),
                             .delta_bias = View(bias_, {channels_}),
                             .A = View(A_, {channels_, kStates}),
                             .D = View(skip_, {channels_}),
                             .y = {outputs_[k].data(), DType::kFloat32, tokens}});
      AddBackward(directions_.back(), gradients_[k].data());
      updates_ += static_cast<double>(length * channels_ * kStates);
    }
  }

  absl::Status Run(Stream& stream) const { return SelectiveScan(directions_, {}, stream); }
  absl::Status RunBackward(Stream& stream) const {
    return SelectiveScanBackward(backward_, {}, stream);
  }
  [[nodiscard]] double updates() const { return updates_; }

 private:
  // The outputs serve as their own gradients.
  void AddBackward(const SelectiveScanDirection& s, float* gradients) {
    const auto next = [&](const Shape& shape) -> TensorView {
      float* here = gradients;
      gradients += shape.elements();
      return {here, DType::kFloat32, shape};
    };
    const Shape shape = {1, tokens_, channels_};
    const Shape states = {1, tokens_, kStates};
    backward_.push_back({.u = s.u,
                         .delta = s.delta,
                         .B = s.B,
                         .C = s.C,
                         .z = s.z,
                         .read = s.read,
                         .z_read = s.z_read,
                         .write = s.write,
                         .delta_weight = s.delta_weight,
                         .delta_bias = s.delta_bias,
                         .A = s.A,
                         .D = s.D,
                         .dy = s.y,
                         .du = next(shape),
                         .dstep = next(shape),
                         .dB = next(states),
                         .dC = next(states),
                         .dz = s.z.empty() ? TensorView() : next(shape),
                         .dA = next({channels_, kStates}),
                         .dD = next({channels_}),
                         .ddelta_bias = next({channels_})});
  }

  int64_t tokens_, channels_;
  std::vector<float> u_, delta_, B_, z_, delta_weight_, bias_, A_, skip_;
  std::vector<std::vector<float>> outputs_, gradients_;
  std::vector<ScanOrder> orders_;
  std::vector<SelectiveScanDirection> directions_;
  std::vector<SelectiveScanBackwardDirection> backward_;
  double updates_ = 0.0;
};

void SelectTarget(int64_t target) {
  hwy::SetSupportedTargetsForTest(target);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// The best of three forward runs, in seconds.
double ForwardTime(const Problem& problem, Stream& stream) {
  double best = std::numeric_limits<double>::infinity();
  for (int run = 0; run < 3; ++run) {
    const Clock::time_point start = Clock::now();
    benchmark::DoNotOptimize(problem.Run(stream));
    best = std::min(best, SecondsSince(start));
  }
  return best;
}

void BenchmarkSelectiveScan(benchmark::State& state, const Layer& layer, int64_t target,
                            int threads) {
  const Problem problem(layer);
  Stream stream = *Stream::Create(Device::Cpu(), threads);
  SelectTarget(HWY_SCALAR);
  const double scalar_time = ForwardTime(problem, stream);
  SelectTarget(target);
  const Clock::time_point start = Clock::now();
  for ([[maybe_unused]] auto iteration : state) {
    if (const absl::Status status = problem.Run(stream); !status.ok()) {
      state.SkipWithError(status.ToString().c_str());
    }
  }
  const auto iterations = static_cast<double>(state.iterations());
  const double time = SecondsSince(start) / iterations;
  SelectTarget(0);
  state.counters["updates/s"] =
      benchmark::Counter(problem.updates() * iterations, benchmark::Counter::kIsRate);
  state.counters["updates/s/thread"] =
      benchmark::Counter(problem.updates() * iterations / threads, benchmark::Counter::kIsRate);
  state.counters["speedup"] = scalar_time / time;
}

void BenchmarkBackward(benchmark::State& state, const Layer& layer, int threads) {
  const Problem problem(layer);
  Stream stream = *Stream::Create(Device::Cpu(), threads);
  const double forward_time = ForwardTime(problem, stream);
  const Clock::time_point start = Clock::now();
  for ([[maybe_unused]] auto iteration : state) {
    if (const absl::Status status = problem.RunBackward(stream); !status.ok()) {
      state.SkipWithError(status.ToString().c_str());
    }
  }
  const auto iterations = static_cast<double>(state.iterations());
  state.counters["updates/s"] =
      benchmark::Counter(problem.updates() * iterations, benchmark::Counter::kIsRate);
  state.counters["forwards"] = SecondsSince(start) / iterations / forward_time;
}

// Registered at start-up because the instruction sets are only known then.
[[maybe_unused]] const bool kRegistered = [] {
  for (const Layer& layer : kLayers) {
    for (const int threads : {1, 2}) {
      const std::string name = std::string("SelectiveScanBackward/") + layer.name +
                               "/threads:" + std::to_string(threads);
      benchmark::RegisterBenchmark(name.c_str(), BenchmarkBackward, layer, threads)
          ->Unit(benchmark::kMicrosecond)
          ->UseRealTime();
    }
    for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
      for (const int threads : {1, 2}) {
        const std::string name = std::string("SelectiveScan/") + layer.name + "/" +
                                 hwy::TargetName(target) + "/threads:" + std::to_string(threads);
        benchmark::RegisterBenchmark(name.c_str(), BenchmarkSelectiveScan, layer, target, threads)
            ->Unit(benchmark::kMicrosecond)
            ->UseRealTime();
      }
    }
  }
  return true;
}();

}  // namespace
}  // namespace localmamba
