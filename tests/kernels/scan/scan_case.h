// A case of the tests of the scan and of its backward, and its tensors.
#ifndef LOCALMAMBA_TESTS_KERNELS_SCAN_SCAN_CASE_H_
#define LOCALMAMBA_TESTS_KERNELS_SCAN_SCAN_CASE_H_

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "kernels/scan/scan_order.h"
#include "kernels/scan/selective_scan.h"
#include "tests/reference/selective_scan.h"
#include "tests/support/test_tensor.h"

namespace localmamba {

struct ScanCase {
  std::string name;
  int64_t batch = 1;
  int64_t height = 1;
  int64_t width = 1;
  int64_t channels = 1;
  int64_t states = 16;
  int64_t rank = 0;  // 0: delta without delta_weight
  // Directions of the call; "" has no maps.
  std::vector<std::string> directions = {""};
  int64_t gap = 0;  // between the rows of every tensor
  // delta, B and C are columns of one tensor, as networks have them.
  bool projection = false;
  bool gate = true;
  bool skip = true;
  bool bias = true;
  bool softplus = true;
  bool last_state = true;
};

inline void PrintTo(const ScanCase& scan_case, std::ostream* out) { *out << scan_case.name; }

// The tensors of one direction and the maps they are read through.
struct ScanOperands {
  ScanOperands(const ScanCase& c, const std::string& name, uint32_t seed)
      : u(Random(c, {c.batch, c.height * c.width, c.channels}, seed)),
        delta(TestTensor::Random({c.batch, c.height * c.width, c.rank > 0 ? c.rank : c.channels},
                                 seed + 1, c.softplus ? -1.0 : 0.01, 1.0, c.gap)),
        B(Random(c, {c.batch, c.height * c.width, c.states}, seed + 2)),
        C(Random(c, {c.batch, c.height * c.width, c.states}, seed + 3)),
        A(TestTensor::Random({c.channels, c.states}, seed + 4, -8.0, -0.5, c.gap)),
        y({c.batch, c.height * c.width, c.channels}, c.gap) {
    if (c.projection) {
      projection = TestTensor::Random({c.batch, c.height * c.width, c.rank + 2 * c.states},
                                      seed + 1, c.softplus ? -1.0 : 0.01, 1.0, c.gap);
    }
    if (c.gate) z = Random(c, {c.batch, c.height * c.width, c.channels}, seed + 5);
    if (c.rank > 0) {
      const double low = c.softplus ? -1.0 : 0.0;
      delta_weight = TestTensor::Random({c.channels, c.rank}, seed + 6, low, 1.0, c.gap);
    }
    if (c.bias) delta_bias = TestTensor::Random({c.channels}, seed + 7, 0.0, 1.0);
    if (c.skip) D = TestTensor::Random({c.channels}, seed + 8);
    if (c.last_state) last_state = TestTensor({c.batch, c.channels, c.states}, c.gap);
    if (!name.empty()) {
      order =
          MakeScanOrder(*ScanDirection::Parse(name), c.height, c.width, VerticalReverse::kExact);
    }
  }

  static TestTensor Random(const ScanCase& c, const Shape& shape, uint32_t seed) {
    return TestTensor::Random(shape, seed, -1.0, 1.0, c.gap);
  }

  SelectiveScanDirection Args() {
    const auto map = [](const std::vector<int32_t>& indices) -> ConstTensorView {
      if (indices.empty()) return {};
      return {indices.data(), DType::kInt32, {static_cast<int64_t>(indices.size())}};
    };
    return {.u = u.view(),
            .delta = delta.view(),
            .B = B.view(),
            .C = C.view(),
            .z = z.view(),
            .read = map(order.read),
            .z_read = map(order.read),
            .write = map(order.write),
            .delta_weight = delta_weight.view(),
            .delta_bias = delta_bias.view(),
            .A = A.view(),
            .D = D.view(),
            .y = y.view(),
            .last_state = last_state.view()};
  }

  [[nodiscard]] reference::SelectiveScanInput Reference(const ScanCase& c) const {
    const auto tokens = static_cast<size_t>(c.height * c.width);
    return {.batch = static_cast<size_t>(c.batch),
            .rows = tokens,
            .tokens = tokens,
            .channels = static_cast<size_t>(c.channels),
            .states = static_cast<size_t>(c.states),
            .rank = static_cast<size_t>(c.rank),
            .delta_softplus = c.softplus,
            .u = u.values(),
            .delta = delta.values(),
            .B = B.values(),
            .C = C.values(),
            .z = z.values(),
            .delta_weight = delta_weight.values(),
            .delta_bias = delta_bias.values(),
            .A = A.values(),
            .D = D.values(),
            .read = order.read,
            .z_read = order.read,
            .write = order.write};
  }

  // Sets the values of delta, B and C to those of the projection.
  void SplitProjection(const ScanCase& c) {
    const std::vector<double> values = projection.values();
    const int64_t columns = c.rank + 2 * c.states;
    const auto copy = [&](TestTensor& tensor, int64_t first, int64_t width) {
      tensor = TestTensor({c.batch, c.height * c.width, width});
      for (size_t i = 0; i < tensor.storage().size(); ++i) {
        const auto at = static_cast<int64_t>(i);
        tensor.storage()[i] = static_cast<float>(
            values[static_cast<size_t>(at / width * columns + first + at % width)]);
      }
    };
    copy(delta, 0, c.rank);
    copy(B, c.rank, c.states);
    copy(C, c.rank + c.states, c.states);
  }

  TestTensor u, delta, B, C, projection, z, delta_weight, delta_bias, A, D, y, last_state;
  ScanOrder order;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_TESTS_KERNELS_SCAN_SCAN_CASE_H_
