// A forward pass of the published networks, 224x224 pixels in float32 to logits on the host.
// Arguments: batch, threads.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "model/engine/engine.h"
#include "model/networks/complexity.h"
#include "model/networks/variants.h"
#include "model/weights/initialize.h"

namespace localmamba {
namespace {

absl::StatusOr<std::unique_ptr<Engine>> MakeEngine(const NetworkConfig& config, int cpu_threads,
                                                   Allocator& allocator) {
  auto network = CreateNetwork(config);
  if (!network.ok()) return network.status();
  const absl::Status status = InitializeParameters((*network)->parameters(), 0, allocator);
  if (!status.ok()) return status;
  EngineOptions options;
  options.cpu_threads = cpu_threads;
  return Engine::Create(*std::move(network), options);
}

void Forward(benchmark::State& state, const std::string& variant) {
  const int64_t batch = state.range(0);
  const auto heap = *CreateDeviceAllocator(Device::Cpu());
  const NetworkConfig config = *VariantConfig(variant);
  auto engine = MakeEngine(config, static_cast<int>(state.range(1)), *heap);
  if (!engine.ok()) return state.SkipWithError(engine.status().ToString().c_str());
  const std::vector<float> image(static_cast<size_t>(batch * 3 * 224 * 224), 0.5F);
  size_t activation_bytes = 0;
  const ConstTensorView input(image.data(), DType::kFloat32, {batch, 3, 224, 224});
  for ([[maybe_unused]] auto iteration : state) {
    const auto output = (*engine)->Run(input);
    if (!output.ok()) return state.SkipWithError(output.status().ToString().c_str());
    activation_bytes = output->activation_bytes;
    benchmark::DoNotOptimize(output->logits.view().raw_data());
  }
  const double images = static_cast<double>(state.iterations() * batch);
  const double macs = static_cast<double>(CountComplexity(config, 224, 224)->total.macs);
  state.counters["images/s"] = benchmark::Counter(images, benchmark::Counter::kIsRate);
  state.counters["GMAC/s"] = benchmark::Counter(images * macs / 1e9, benchmark::Counter::kIsRate);
  state.counters["peak_MiB"] = static_cast<double>(activation_bytes) / (1 << 20);
}

BENCHMARK_CAPTURE(Forward, LocalVimTiny, "local_vim_tiny")
    ->ArgsProduct({{1, 8}, {1, 2}})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Forward, LocalVMambaTiny, "local_vssm_tiny")
    ->ArgsProduct({{1, 8}, {1, 2}})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace localmamba
