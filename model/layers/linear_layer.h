// A linear layer with its parameters `<name>.weight` (out, in) and, optionally, `<name>.bias`.
#ifndef LOCALMAMBA_MODEL_LAYERS_LINEAR_LAYER_H_
#define LOCALMAMBA_MODEL_LAYERS_LINEAR_LAYER_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/autograd/operations.h"
#include "model/weights/parameter_set.h"

namespace localmamba {

// The initialisation of nearly all linear weights of both families (reference §6).
inline constexpr Initializer kLinearInit = {.kind = Initializer::Kind::kNormal, .scale = 0.02};

class LinearLayer {
 public:
  enum class Bias : uint8_t { kNone, kZero };

  LinearLayer(ParameterSet& parameters, const std::string& name, int64_t in, int64_t out, Bias bias,
              const Initializer& weight_init = kLinearInit);

  // `dtype`: of the inputs it will see.
  absl::Status Pack(OpContext& context, DType dtype);
  // ops::Linear with the packed weights.
  [[nodiscard]] absl::StatusOr<Value> Forward(OpContext& context, const Value& x,
                                              const ops::LinearOptions& options = {}) const;

  // Pads the packed weight with zero rows (dim 0) or columns (dim 1); the bias stays.
  absl::Status InsertZeros(OpContext& context, int dim, int64_t position, int64_t count);

  [[nodiscard]] const Value& weight() const { return weight_; }
  [[nodiscard]] const Value& bias() const { return bias_; }

 private:
  Parameter* weight_parameter_;
  Parameter* bias_parameter_ = nullptr;
  Value weight_;
  Value bias_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_LAYERS_LINEAR_LAYER_H_
