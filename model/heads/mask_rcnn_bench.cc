// Milliseconds that a detector takes for one image, from the normalised input to mask logits, with
// all proposals and detections there may be.
#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

#include "kernels/base/check.h"
#include "kernels/device/arena.h"
#include "model/heads/detector_variants.h"
#include "model/heads/mask_rcnn.h"
#include "model/weights/initialize.h"

namespace localmamba {
namespace {

void BenchmarkMaskRcnn(benchmark::State& state, const char* variant, int64_t height,
                       int64_t width) {
  const auto memory = CreateDeviceAllocator(Device::Cpu()).value();
  Stream stream = Stream::Create(Device::Cpu(), static_cast<int>(state.range(0))).value();
  Arena kept(*memory);
  DetectorVariant config = DetectorVariantConfig(variant).value();
  config.detection.score_threshold = 0;  // untrained, it is sure of nothing
  MaskRcnn detector(config.backbone, config.detection);
  LM_CHECK(InitializeParameters(detector.parameters(), /*seed=*/0, *memory).ok());
  OpContext packing{stream, kept};
  LM_CHECK(detector.Pack(packing).ok());

  std::vector<float> pixels(static_cast<size_t>(3 * height * width));
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<float>(i % 251) / 100 - 1;
  std::vector<float> limits = {static_cast<float>(height), static_cast<float>(width)};
  const auto constant = [](std::vector<float>& elements, const Shape& shape) {
    return Value(Tensor::Share({elements.data(), DType::kFloat32, shape}, nullptr));
  };
  Arena activations(*memory);
  OpContext context{stream, activations};
  const Value input = constant(pixels, {1, 3, height, width});
  ForwardOptions options;
  options.sizes = constant(limits, {1, 2});
  absl::Status status;
  for ([[maybe_unused]] auto iteration : state) {
    status = detector.Forward(context, input, options).status();
  }
  if (!status.ok()) state.SkipWithError(status.ToString().c_str());
  state.counters["peak_MB"] = static_cast<double>(activations.peak_bytes()) / 1e6;
}

BENCHMARK_CAPTURE(BenchmarkMaskRcnn, D1, "mask_rcnn_local_vssm_tiny_fpn_coco", 800, 1344)
    ->ArgName("threads")
    ->Arg(1)
    ->Arg(2)
    ->UseRealTime()
    ->MeasureProcessCPUTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BenchmarkMaskRcnn, D3, "vitdet_cascade_mask-rcnn_local_vim_tiny_lsj-100e", 1024,
                  1024)
    ->ArgName("threads")
    ->Arg(1)
    ->Arg(2)
    ->UseRealTime()
    ->MeasureProcessCPUTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace localmamba
