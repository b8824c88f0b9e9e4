// What heads add to backbones: operations on channels-last maps, in the shapes of UPerNet at 512x512
// and of a feature pyramid at 800x1344.
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "kernels/conv/map_conv2d.h"
#include "kernels/conv/transposed_conv2d.h"
#include "kernels/image/max_pool.h"
#include "kernels/image/resize_argmax.h"
#include "kernels/image/resize_bilinear.h"
#include "kernels/image/resize_nearest.h"
#include "kernels/reduce/adaptive_average_pool.h"
#include "tests/gpu/bench_case.h"

namespace localmamba {
namespace {

void Convolution(const Case& c, int64_t H, int64_t W, int64_t C, int64_t O) {
  const Tensor x = c.Data({c.batch, H, W, C});
  const Tensor weight = c.Data({O, 3, 3, C});
  const Tensor bias = c.Float32({O});
  const Tensor y = c.Data({c.batch, H, W, O});
  const Work work = {.bytes = Bytes({x, weight, y}),
                     .flops = 2.0 * static_cast<double>(y.elements() * 9 * C)};
  c.Run(work, [&] {
    return MapConv2d({.x = x,
                      .weight = weight,
                      .bias = bias,
                      .window = {.pad = 1},
                      .activation = Activation::kRelu,
                      .y = y},
                     c.device.stream());
  });
}

// The mask head's, of 100 detections an image.
void Upsampling(const Case& c) {
  const Tensor x = c.Data({c.batch * 100, 14, 14, 256});
  const Tensor weight = c.Data({2, 2, 256, 256});
  const Tensor bias = c.Float32({256});
  const Tensor y = c.Data({c.batch * 100, 28, 28, 256});
  const Work work = {.bytes = Bytes({x, weight, y}),
                     .flops = 2.0 * static_cast<double>(y.elements() * 256)};
  c.Run(work, [&] {
    return TransposedConv2d(
        {.x = x, .weight = weight, .bias = bias, .activation = Activation::kRelu, .y = y},
        c.device.stream());
  });
}

void Resize(const Case& c, int64_t from, int64_t to, bool into_wider) {
  const Tensor x = c.Data({c.batch, from, from, 512});
  const Tensor map = c.Data({c.batch, to, to, into_wider ? 2048 : 512});
  const TensorView y = map.view().Slice(3, 0, 512);
  c.Run({.bytes = Bytes({x, y})}, [&] { return ResizeBilinear(x, y, c.device.stream()); });
}

void ResizeToNearest(const Case& c) {
  const Tensor x = c.Data({c.batch, 100, 168, 256});
  const Tensor y = c.Data({c.batch, 200, 336, 256});
  c.Run({.bytes = Bytes({x, y})}, [&] { return ResizeNearest(x, y, c.device.stream()); });
}

void PoolToHalf(const Case& c) {
  const Tensor x = c.Data({c.batch, 200, 336, 256});
  const Tensor y = c.Data({c.batch, 100, 168, 256});
  c.Run({.bytes = Bytes({x, y})},
        [&] { return MaxPool(x, {.size = 2, .stride = 2}, y, c.device.stream()); });
}

// Logits of 150 classes to the labels of photographs.
void Labels(const Case& c, bool with_confidence) {
  const Tensor x = c.Data({c.batch, 128, 128, 150});
  const Tensor y = c.device.Random(DType::kInt32, {c.batch, 480, 640});
  const Tensor confidence = with_confidence ? c.Float32({c.batch, 480, 640}) : Tensor();
  c.Run({.bytes = Bytes({x, y, confidence})}, [&] {
    return ResizeArgmax(
        {.x = x, .between = IntermediateSize{512, 512, 512, 512}, .y = y, .confidence = confidence},
        c.device.stream());
  });
}

void PoolToBins(const Case& c, int64_t bins) {
  const Tensor x = c.Data({c.batch, 16, 16, 768});
  const Tensor y = c.Data({c.batch, bins, bins, 768});
  c.Run({.bytes = Bytes({x, y})}, [&] { return AdaptiveAveragePool(x, y, c.device.stream()); });
}

}  // namespace

void AddMapBenchmarks(AddBenchmark add) {
  add("map_conv2d/fusion", [](const Case& c) { Convolution(c, 128, 128, 2048, 512); });
  add("map_conv2d/bottleneck", [](const Case& c) { Convolution(c, 16, 16, 2816, 512); });
  for (const int64_t side : {128, 64, 32}) {
    add(absl::StrCat("map_conv2d/fpn", side),
        [=](const Case& c) { Convolution(c, side, side, 512, 512); });
  }
  add("map_conv2d/pyramid", [](const Case& c) { Convolution(c, 200, 336, 256, 256); });
  add("transposed_conv2d/masks", Upsampling);
  add("resize_bilinear/64to128", [](const Case& c) { Resize(c, 64, 128, false); });
  add("resize_bilinear/16to128_wider", [](const Case& c) { Resize(c, 16, 128, true); });
  add("resize_nearest", ResizeToNearest);
  add("resize_argmax", [](const Case& c) { Labels(c, false); });
  add("resize_argmax/confidence", [](const Case& c) { Labels(c, true); });
  add("max_pool", PoolToHalf);
  add("adaptive_average_pool/1", [](const Case& c) { PoolToBins(c, 1); });
  add("adaptive_average_pool/6", [](const Case& c) { PoolToBins(c, 6); });
}

}  // namespace localmamba
