// The reference that the scan's gradients are tested against is the derivative of the forward's.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/kernels/scan/scan_case.h"
#include "tests/reference/selective_scan.h"
#include "tests/reference/selective_scan_backward.h"
#include "tests/support/finite_difference.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

TEST(SelectiveScanBackwardReferenceTest, EqualsFiniteDifferences) {
  for (const bool with_options : {true, false}) {
    SCOPED_TRACE(with_options ? "all arguments" : "no optional arguments");
    const ScanCase c{.name = "",
                     .batch = 2,
                     .height = 2,
                     .width = 4,
                     .channels = 3,
                     .states = 2,
                     .rank = with_options ? 2 : 0,
                     .gate = with_options,
                     .skip = with_options,
                     .bias = with_options,
                     .softplus = with_options};
    reference::SelectiveScanInput in =
        ScanOperands(c, with_options ? "w3_flip" : "", 1).Reference(c);
    const std::vector<double> dy =
        TestTensor::Random({c.batch, c.height * c.width, c.channels}, 50).values();
    const auto loss = [&] {
      std::vector<double> y(dy.size(), 0.0);
      reference::SelectiveScan(in, y);
      return Dot(dy, y);
    };
    const reference::SelectiveScanGradients g = reference::SelectiveScanBackward(in, dy);
    ExpectGradient(g.du, in.u, loss);
    ExpectGradient(g.dB, in.B, loss);
    ExpectGradient(g.dC, in.C, loss);
    ExpectGradient(g.dA, in.A, loss);
    if (with_options) {
      ExpectGradient(g.dz, in.z, loss);
      ExpectGradient(g.dD, in.D, loss);
      ExpectGradient(g.ddelta_bias, in.delta_bias, loss);
      // dstep, through delta = dstep * delta_weight.
      std::vector<double> ddelta(in.delta.size());
      for (size_t i = 0; i < ddelta.size(); ++i) {
        for (size_t d = 0; d < in.channels; ++d) {
          ddelta[i] +=
              g.dstep[i / in.rank * in.channels + d] * in.delta_weight[d * in.rank + i % in.rank];
        }
      }
      ExpectGradient(ddelta, in.delta, loss);
    } else {
      ExpectGradient(g.dstep, in.delta, loss);
    }
  }
}

}  // namespace
}  // namespace localmamba
