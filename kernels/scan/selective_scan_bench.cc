// State updates per second of the scan (one update: one state of one channel at one position) on
// the layers of LocalVMamba-T and LocalVim-T at 224x224, per instruction set. Highway's SCALAR is
// the same code compiled for single floats, without vector instructions.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <vector>

#include "hwy/targets.h"
#include "kernels/scan/scan_order.h"
#include "kernels/scan/selective_scan.h"

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

void BenchmarkSelectiveScan(benchmark::State& state, const Layer& layer, int64_t target,
                            int64_t batch, int threads) {
  hwy::SetSupportedTargetsForTest(target);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  const int64_t tokens = layer.side * layer.side;
  const int64_t D = layer.channels;
  const std::vector<float> u = Ramp(batch * tokens * D, -1, 1);
  const std::vector<float> delta = Ramp(batch * tokens * layer.rank, -1, 1);
  const std::vector<float> B = Ramp(batch * tokens * kStates, -1, 1);
  const std::vector<float> z = Ramp(batch * tokens * D, -2, 2);
  const std::vector<float> delta_weight = Ramp(D * layer.rank, -0.1F, 0.1F);
  const std::vector<float> bias = Ramp(D, -7, -2);
  const std::vector<float> A = Ramp(D * kStates, -16, -1);
  const std::vector<float> skip = Ramp(D, 0, 1);

  std::vector<std::vector<float>> outputs;
  std::vector<ScanOrder> orders;
  for (const char* name : {"h", "v_flip", "w2", "w7_flip"}) {
    orders.push_back(MakeScanOrder(*ScanDirection::Parse(name), layer.side, layer.side,
                                   VerticalReverse::kExact));
    outputs.emplace_back(static_cast<size_t>(batch * tokens * D));
  }
  std::vector<SelectiveScanDirection> directions;
  int64_t positions = 0;
  for (size_t k = 0; k < orders.size(); ++k) {
    const auto length = static_cast<int64_t>(orders[k].read.size());
    const ConstTensorView read(orders[k].read.data(), DType::kInt32, {length});
    directions.push_back({.u = View(u, {batch, tokens, D}),
                          .delta = View(delta, {batch, tokens, layer.rank}),
                          .B = View(B, {batch, tokens, kStates}),
                          .C = View(B, {batch, tokens, kStates}),
                          .z = layer.gate ? View(z, {batch, tokens, D}) : ConstTensorView(),
                          .read = read,
                          .z_read = read,
                          .write = {orders[k].write.data(), DType::kInt32, {length}},
                          .delta_weight = View(delta_weight, {D, layer.rank}),
                          .delta_bias = View(bias, {D}),
                          .A = View(A, {D, kStates}),
                          .D = View(skip, {D}),
                          .y = {outputs[k].data(), DType::kFloat32, {batch, tokens, D}}});
    positions += length;
  }

  Stream stream = *Stream::Create(Device::Cpu(), threads);
  for ([[maybe_unused]] auto iteration : state) {
    if (const absl::Status status = SelectiveScan(directions, {}, stream); !status.ok()) {
      state.SkipWithError(status.ToString().c_str());
    }
  }
  const double updates = static_cast<double>(state.iterations() * batch * positions * D * kStates);
  state.counters["updates/s"] = benchmark::Counter(updates, benchmark::Counter::kIsRate);
  state.counters["updates/s/thread"] =
      benchmark::Counter(updates / threads, benchmark::Counter::kIsRate);
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

// Registered at start-up because the instruction sets are only known then.
[[maybe_unused]] const bool kRegistered = [] {
  for (const Layer& layer : kLayers) {
    for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
      for (const int threads : {1, 2}) {
        const std::string name = std::string("SelectiveScan/") + layer.name + "/" +
                                 hwy::TargetName(target) + "/threads:" + std::to_string(threads);
        benchmark::RegisterBenchmark(name.c_str(), BenchmarkSelectiveScan, layer, target, 1,
                                     threads)
            ->Unit(benchmark::kMicrosecond)
            ->UseRealTime();
      }
    }
  }
  return true;
}();

}  // namespace
}  // namespace localmamba
