// Scans and causal convolutions over four directions, and their gradients, in the layers of
// kernel_bench.cc.
#include <vector>

#include "absl/strings/str_cat.h"
#include "kernels/conv/causal_conv1d.h"
#include "kernels/conv/causal_conv1d_backward.h"
#include "kernels/scan/scan_order.h"
#include "kernels/scan/selective_scan.h"
#include "kernels/scan/selective_scan_backward.h"
#include "tests/gpu/bench_case.h"

namespace localmamba {
namespace {

constexpr DType kF32 = DType::kFloat32;
constexpr int64_t kStates = 16;

// The index maps of four directions on the device.
struct Maps {
  Maps(const Case& c, int64_t side) {
    for (const char* name : {"h", "v_flip", "w2", "w7_flip"}) {
      const ScanOrder order =
          MakeScanOrder(*ScanDirection::Parse(name), side, side, VerticalReverse::kExact);
      const Shape shape = {static_cast<int64_t>(order.read.size())};
      read.push_back(c.device.Upload({order.read.data(), DType::kInt32, shape}));
      write.push_back(c.device.Upload({order.write.data(), DType::kInt32, shape}));
    }
  }

  std::vector<Tensor> read;
  std::vector<Tensor> write;
};

void Causal(const Case& c, int64_t width) {
  const Maps maps(c, 14);
  const Tensor x = c.Data({c.batch, 196, 2 * width}).Slice(2, 0, width);
  const Tensor weight = c.Float32({width, 4});
  const Tensor bias = c.Float32({width});
  const Tensor u = c.Data({4, c.batch, 196, width});
  std::vector<CausalConv1dDirection> directions;
  for (int64_t k = 0; k < 4; ++k) {
    directions.push_back({.x = x,
                          .read = maps.read[static_cast<size_t>(k)],
                          .weight = weight,
                          .bias = bias,
                          .u = u.Select(0, k)});
  }
  c.Run({.bytes = Bytes({x, u})},
        [&] { return CausalConv1d(directions, Activation::kSilu, c.device.stream()); });
}

void CausalBackward(const Case& c, int64_t width) {
  const Maps maps(c, 14);
  const Tensor x = c.Data({c.batch, 196, 2 * width}).Slice(2, 0, width);
  const Tensor weight = c.Float32({width, 4});
  const Tensor bias = c.Float32({width});
  const Tensor du = c.Data({4, c.batch, 196, width});
  const Tensor dx = c.Data({4, c.batch, 196, width});
  const Tensor dweight = c.Float32({4, width, 4});
  const Tensor dbias = c.Float32({4, width});
  std::vector<CausalConv1dBackwardDirection> directions;
  for (int64_t k = 0; k < 4; ++k) {
    directions.push_back({.x = x,
                          .read = maps.read[static_cast<size_t>(k)],
                          .weight = weight,
                          .bias = bias,
                          .du = du.Select(0, k),
                          .dx = dx.Select(0, k),
                          .dweight = dweight.Select(0, k),
                          .dbias = dbias.Select(0, k)});
  }
  c.Run({.bytes = Bytes({x, du, dx})},
        [&] { return CausalConv1dBackward(directions, Activation::kSilu, c.device.stream()); });
}

void Scan(const Case& c, int64_t side, int64_t width, bool gate) {
  const Maps maps(c, side);
  const int64_t tokens = side * side;
  // One projection holds delta, B and C of every direction. With 16 bits the networks pad delta's
  // rank to whole 16-byte rows.
  const int64_t exact_rank = width / 32;
  const int64_t rank = c.dtype == kF32 ? exact_rank : (exact_rank + 7) / 8 * 8;
  const int64_t columns = rank + 2 * kStates;
  const Tensor u = c.Data({c.batch, tokens, width});
  const Tensor projection = c.Data({c.batch, tokens, 4 * columns});
  const Tensor z = gate ? c.Data({c.batch, tokens, width}) : Tensor();
  const Tensor delta_weight = c.Data({width, rank});
  const Tensor delta_bias = c.Float32({width});
  const Tensor skip = c.Float32({width});
  const std::vector<float> slow(static_cast<size_t>(width * kStates), -0.5F);
  const Tensor A = c.device.Upload({slow.data(), kF32, {width, kStates}});
  const Tensor y = c.Data({4, c.batch, tokens, width});
  std::vector<SelectiveScanDirection> directions;
  for (int64_t k = 0; k < 4; ++k) {
    const Tensor own = projection.Slice(2, k * columns, (k + 1) * columns);
    directions.push_back({.u = u,
                          .delta = own.Slice(2, 0, rank),
                          .B = own.Slice(2, rank, rank + kStates),
                          .C = own.Slice(2, rank + kStates, columns),
                          .z = z,
                          .read = maps.read[static_cast<size_t>(k)],
                          .z_read = gate ? maps.read[static_cast<size_t>(k)] : Tensor(),
                          .write = maps.write[static_cast<size_t>(k)],
                          .delta_weight = delta_weight,
                          .delta_bias = delta_bias,
                          .A = A,
                          .D = skip,
                          .y = y.Select(0, k)});
  }
  const auto updates = static_cast<double>(4 * c.batch * tokens * width * kStates);
  c.Run({.bytes = Bytes({u, projection, z, y}), .state_updates = updates},
        [&] { return SelectiveScan(directions, {}, c.device.stream()); });
}

void ScanBackward(const Case& c, int64_t side, int64_t width, bool gate) {
  const Maps maps(c, side);
  const int64_t tokens = side * side;
  const int64_t exact_rank = width / 32;
  const int64_t rank = c.dtype == kF32 ? exact_rank : (exact_rank + 7) / 8 * 8;
  const int64_t columns = rank + 2 * kStates;
  const Shape shape = {4, c.batch, tokens, width};
  const Tensor u = c.Data({c.batch, tokens, width});
  const Tensor projection = c.Data({c.batch, tokens, 4 * columns});
  const Tensor dprojection = c.Data({c.batch, tokens, 4 * columns});
  const Tensor z = gate ? c.Data({c.batch, tokens, width}) : Tensor();
  const Tensor dz = gate ? c.Data(shape) : Tensor();
  const Tensor delta_weight = c.Data({width, rank});
  const Tensor parameters = c.Float32({width});
  const std::vector<float> slow(static_cast<size_t>(width * kStates), -0.5F);
  const Tensor A = c.device.Upload({slow.data(), kF32, {width, kStates}});
  const Tensor dy = c.Data(shape);
  const Tensor du = c.Data(shape);
  const Tensor dstep = c.Data(shape);
  const Tensor dA = c.Float32({4, width, kStates});
  const Tensor sums = c.Float32({2, 4, width});
  std::vector<SelectiveScanBackwardDirection> directions;
  for (int64_t k = 0; k < 4; ++k) {
    const ConstTensorView own = projection.view().Slice(2, k * columns, (k + 1) * columns);
    const TensorView gradient = dprojection.view().Slice(2, k * columns, (k + 1) * columns);
    const ConstTensorView read = maps.read[static_cast<size_t>(k)];
    directions.push_back({.u = u,
                          .delta = own.Slice(2, 0, rank),
                          .B = own.Slice(2, rank, rank + kStates),
                          .C = own.Slice(2, rank + kStates, columns),
                          .z = z,
                          .read = read,
                          .z_read = gate ? read : ConstTensorView(),
                          .write = maps.write[static_cast<size_t>(k)],
                          .delta_weight = delta_weight,
                          .delta_bias = parameters,
                          .A = A,
                          .D = parameters,
                          .dy = dy.Select(0, k),
                          .du = du.Select(0, k),
                          .dstep = dstep.Select(0, k),
                          .dB = gradient.Slice(2, rank, rank + kStates),
                          .dC = gradient.Slice(2, rank + kStates, columns),
                          .dz = gate ? dz.Select(0, k) : Tensor(),
                          .dA = dA.Select(0, k),
                          .dD = sums.Select(0, 0).Select(0, k),
                          .ddelta_bias = sums.Select(0, 1).Select(0, k)});
  }
  const auto updates = static_cast<double>(4 * c.batch * tokens * width * kStates);
  c.Run({.bytes = Bytes({u, projection, z, dy, du, dstep, dprojection, dz}),
         .state_updates = updates},
        [&] { return SelectiveScanBackward(directions, {}, c.device.stream()); });
}

}  // namespace

void AddScanBenchmarks(AddBenchmark add, AddBenchmark add_training) {
  for (int stage = 0; stage < 4; ++stage) {
    const int64_t side = 56 >> stage;
    const int64_t width = int64_t{192} << stage;
    add(absl::StrCat("selective_scan/stage", stage),
        [=](const Case& c) { Scan(c, side, width, false); });
    add_training(absl::StrCat("selective_scan_backward/stage", stage),
                 [=](const Case& c) { ScanBackward(c, side, width, false); });
  }
  add("causal_conv1d/vim", [](const Case& c) { Causal(c, 384); });
  add_training("causal_conv1d_backward/vim", [](const Case& c) { CausalBackward(c, 384); });
  add("selective_scan/vim", [](const Case& c) { Scan(c, 14, 384, true); });
  add_training("selective_scan_backward/vim",
               [](const Case& c) { ScanBackward(c, 14, 384, true); });
}

}  // namespace localmamba
