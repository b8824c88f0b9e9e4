// A convolution of channels-last maps that keeps their size, with its parameters `<name>.weight`
// (out, in, k, k) and, optionally, `<name>.bias`.
#ifndef LOCALMAMBA_MODEL_LAYERS_MAP_CONV_H_
#define LOCALMAMBA_MODEL_LAYERS_MAP_CONV_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/autograd/operations.h"
#include "model/weights/parameter_set.h"

namespace localmamba {

// Uniform with a variance that fits as many inputs as outputs (Xavier), and normal with one that
// fits the outputs under ReLU (Kaiming).
Initializer XavierUniform(int64_t in, int64_t out, int64_t taps = 1);
Initializer KaimingNormal(int64_t out, int64_t taps);

class MapConv {
 public:
  enum class Bias : uint8_t { kNone, kZero };

  // kernel: 1 or another odd number; padded by kernel / 2 zeros on each side.
  MapConv(ParameterSet& parameters, const std::string& name, int64_t in, int64_t out,
          int64_t kernel, Bias bias, const Initializer& weight_init);

  absl::Status Pack(OpContext& context);
  // The same with the norm after it folded in: Forward gives scale[o] * x + shift[o] of each output
  // x of the convolution, which has no bias. scale, shift: (out), float32, constants on the
  // context's device.
  absl::Status PackScaled(OpContext& context, const Value& scale, const Value& shift);

  struct Options {
    Activation activation = Activation::kIdentity;
    Value residual = {};  // optional, (B, H, W, out), added last; with kernel 1
  };
  // (B, H, W, in) → (B, H, W, out).
  [[nodiscard]] absl::StatusOr<Value> Forward(OpContext& context, const Value& x,
                                              const Options& options) const;
  [[nodiscard]] absl::StatusOr<Value> Forward(OpContext& context, const Value& x,
                                              Activation activation = Activation::kIdentity) const {
    return Forward(context, x, Options{.activation = activation});
  }

 private:
  // The parameter's value in the layout of Forward.
  absl::StatusOr<Value> ChannelsLast(OpContext& context, const Value& weight) const;

  int64_t kernel_;
  Parameter* weight_parameter_;
  Parameter* bias_parameter_ = nullptr;
  Value weight_;  // (out, in), or (out, k, k, in)
  Value bias_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_LAYERS_MAP_CONV_H_
