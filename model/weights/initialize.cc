#include "model/weights/initialize.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/types/span.h"
#include "kernels/base/check.h"
#include "kernels/base/counter_random.h"
#include "kernels/base/status_macros.h"

namespace localmamba {
namespace {

// The inverse softplus of a step drawn log-uniformly from [0.001, 0.1].
double StepSizeBias(double uniform) {
  const double low = std::log(0.001);
  const double high = std::log(0.1);
  const double step = std::max(std::exp(uniform * (high - low) + low), 1e-4);
  return step + std::log(-std::expm1(-step));
}

// The angle of one channel of one grid cell: rows turn the first half of the channels, columns the
// second, adjacent channels in pairs. Whatever the grid, positions run over [0, 14).
double RopeAngle(const Initializer& init, int64_t cell, int64_t channel, int64_t channels) {
  const int64_t half = channels / 2;
  const bool row_half = channel < half;
  const int64_t frequency = (row_half ? channel : channel - half) / 2;
  const int64_t position = row_half ? cell / init.grid_width : cell % init.grid_width;
  const int64_t extent = row_half ? init.grid_height : init.grid_width;
  return static_cast<double>(position) / static_cast<double>(extent) * 14.0 *
         std::pow(10000.0, -2.0 * static_cast<double>(frequency) / static_cast<double>(half));
}

double Element(const Parameter& parameter, const CounterRandom& random, int64_t index) {
  const Initializer& init = parameter.init;
  const auto counter = static_cast<uint64_t>(index);
  const int64_t columns = parameter.shape[parameter.shape.rank() - 1];
  const int64_t row = index / columns;
  const int64_t column = index % columns;
  switch (init.kind) {
    case Initializer::Kind::kConstant:
      return init.scale;
    case Initializer::Kind::kNormal:
      // Beyond 8.7 standard deviations there is nothing, so that the official truncation at +-2,
      // which is 100 of them, needs no code.
      return init.scale * random.Normal(counter);
    case Initializer::Kind::kUniform:
      return init.scale * (2 * random.Uniform(counter) - 1);
    case Initializer::Kind::kALog:
      return std::log(static_cast<double>(column + 1));
    case Initializer::Kind::kStepSizeBias:
      return StepSizeBias(random.Uniform(counter));
    case Initializer::Kind::kRopeCos:
      return std::cos(RopeAngle(init, row, column, columns));
    case Initializer::Kind::kRopeSin:
      return std::sin(RopeAngle(init, row, column, columns));
  }
  LM_CHECK(false);
}

}  // namespace

absl::Status InitializeParameter(Parameter& parameter, uint64_t seed, Allocator& allocator) {
  LM_CHECK(allocator.device().is_cpu());
  LM_ASSIGN_OR_RETURN(Tensor tensor, Tensor::Allocate(allocator, DType::kFloat32, parameter.shape));
  const CounterRandom random(seed, parameter.name);
  const absl::Span<float> values(tensor.data<float>(), static_cast<size_t>(tensor.elements()));
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(Element(parameter, random, static_cast<int64_t>(i)));
  }
  parameter.value = Value(std::move(tensor));
  return absl::OkStatus();
}

absl::Status InitializeParameters(ParameterSet& parameters, uint64_t seed, Allocator& allocator) {
  for (Parameter& parameter : parameters.parameters()) {
    LM_RETURN_IF_ERROR(InitializeParameter(parameter, seed, allocator));
  }
  return absl::OkStatus();
}

}  // namespace localmamba
