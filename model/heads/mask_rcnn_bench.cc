// Milliseconds that a detector takes for images, from pixels to mask logits, with all proposals and
// detections there may be, on the CPU and on the GPU if there is one.
#include <benchmark/benchmark.h>

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "kernels/base/check.h"
#include "model/engine/engine.h"
#include "model/heads/detector_variants.h"
#include "model/heads/mask_rcnn.h"
#include "model/weights/initialize.h"

namespace localmamba {
namespace {

// Seeded weights, in `memory`.
std::unique_ptr<Engine> MakeEngine(const char* variant, const EngineOptions& options,
                                   Allocator& memory) {
  DetectorVariant config = DetectorVariantConfig(variant).value();
  config.detection.score_threshold = 0;  // untrained, it is sure of nothing
  auto detector = std::make_unique<MaskRcnn>(config.backbone, config.detection);
  LM_CHECK(InitializeParameters(detector->parameters(), /*seed=*/0, memory).ok());
  return Engine::Create(std::move(detector), options).value();
}

// The parts of a detector, by the layers that operations name; what is none of them is the
// backbone's.
constexpr std::array<const char*, 8> kParts = {"input",
                                               "neck",
                                               "rpn_head",
                                               "proposals",
                                               "roi_head.bbox_head",
                                               "detections",
                                               "roi_head.mask_head",
                                               "output"};

std::string PartOf(const std::string& layer) {
  for (const char* part : kParts) {
    if (layer.rfind(part, 0) == 0) return part;
  }
  return "backbone";
}

void ReportParts(Engine& engine, const ConstTensorView& input, benchmark::State& state) {
  const auto profile = engine.Profile(input);
  LM_CHECK(profile.ok());
  for (const OperationProfile& operation : *profile) {
    state.counters[PartOf(operation.layer) + "_ms"] += absl::ToDoubleMilliseconds(operation.time);
  }
}

// What is timed is the network alone; `total_ms` has the copies to and from the device too.
void RunDetector(benchmark::State& state, const char* variant, const EngineOptions& options,
                 const Shape& shape) {
  const auto memory = CreateDeviceAllocator(Device::Cpu()).value();
  const std::unique_ptr<Engine> engine = MakeEngine(variant, options, *memory);
  std::vector<uint8_t> pixels(static_cast<size_t>(shape.elements()));
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<uint8_t>(i * 7919 % 251);
  const ConstTensorView input(pixels.data(), DType::kUInt8, shape);
  size_t peak = 0;
  absl::Duration total;
  if (!options.device.is_cpu()) LM_CHECK(engine->Run(input).ok());  // records
  for ([[maybe_unused]] auto iteration : state) {
    const absl::Time start = absl::Now();
    const auto output = engine->Run(input);
    total += absl::Now() - start;
    if (!output.ok()) return state.SkipWithError(output.status().ToString().c_str());
    state.SetIterationTime(absl::ToDoubleSeconds(output->compute_time));
    peak = output->activation_bytes;
  }
  state.counters["total_ms"] =
      absl::ToDoubleMilliseconds(total) / static_cast<double>(state.iterations());
  state.counters["peak_MB"] = static_cast<double>(peak) / 1e6;
  ReportParts(*engine, input, state);
}

void BenchmarkOnCpu(benchmark::State& state, const char* variant, int64_t height, int64_t width) {
  RunDetector(state, variant, {.cpu_threads = static_cast<int>(state.range(0))},
              {1, height, width, 3});
}

void BenchmarkOnCuda(benchmark::State& state, const char* variant, int64_t height, int64_t width) {
  const auto device = Device::Parse("cuda");
  if (!device.ok()) return state.SkipWithError(device.status().ToString().c_str());
  RunDetector(state, variant, {.device = *device, .dtype = DType::kFloat16},
              {state.range(0), height, width, 3});
}

constexpr char kD1[] = "mask_rcnn_local_vssm_tiny_fpn_coco";
constexpr char kD3[] = "vitdet_cascade_mask-rcnn_local_vim_tiny_lsj-100e";

void OfThreads(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgName("threads")->Arg(1)->Arg(2)->UseManualTime()->MeasureProcessCPUTime()->Unit(
      benchmark::kMillisecond);
}
BENCHMARK_CAPTURE(BenchmarkOnCpu, D1, kD1, 800, 1344)->Apply(OfThreads);
BENCHMARK_CAPTURE(BenchmarkOnCpu, D3, kD3, 1024, 1024)->Apply(OfThreads);

void OfBatches(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgName("batch")->Arg(1)->Arg(4)->UseManualTime()->Unit(benchmark::kMillisecond);
}
BENCHMARK_CAPTURE(BenchmarkOnCuda, D1, kD1, 800, 1344)->Apply(OfBatches);
BENCHMARK_CAPTURE(BenchmarkOnCuda, D3, kD3, 1024, 1024)->Apply(OfBatches);

}  // namespace
}  // namespace localmamba
