// The named parameters of a network: declared by its layers, then filled by initialisation or from
// a file.
#ifndef LOCALMAMBA_MODEL_WEIGHTS_PARAMETER_SET_H_
#define LOCALMAMBA_MODEL_WEIGHTS_PARAMETER_SET_H_

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "kernels/tensor/shape.h"
#include "model/autograd/value.h"

namespace localmamba {

// How a parameter starts before training (reference §6).
struct Initializer {
  enum class Kind : uint8_t {
    kConstant,      // `scale` everywhere
    kNormal,        // mean 0, standard deviation `scale`
    kUniform,       // in (-scale, scale)
    kALog,          // log(1), log(2), ..., log(N) in every row of N
    kStepSizeBias,  // inverse softplus of a log-uniform step in [0.001, 0.1], at least 1e-4
    kRopeCos,       // rotary tables (reference §3.6), `grid_height` x `grid_width` rows
    kRopeSin,
  };
  Kind kind = Kind::kConstant;
  double scale = 0;
  int64_t grid_height = 0;
  int64_t grid_width = 0;
};

struct Parameter {
  std::string name;  // official name, e.g. layers.0.mixer.A_log_0
  Shape shape;
  Initializer init;
  bool trainable = true;  // false: a buffer
  Value value;            // float32; empty until initialised or loaded

  // Whether a weights file may lack it, because its value follows from its shape: rotary tables.
  [[nodiscard]] bool is_computed() const {
    return init.kind == Initializer::Kind::kRopeCos || init.kind == Initializer::Kind::kRopeSin;
  }
};

// Owns the parameters of one network, in official order. Addresses of parameters stay valid.
class ParameterSet {
 public:
  ParameterSet() = default;
  ParameterSet(const ParameterSet&) = delete;
  ParameterSet& operator=(const ParameterSet&) = delete;

  // CHECKs that the name is new.
  Parameter* Declare(std::string name, const Shape& shape, const Initializer& init,
                     bool trainable = true);

  [[nodiscard]] const std::deque<Parameter>& parameters() const { return parameters_; }
  [[nodiscard]] std::deque<Parameter>& parameters() { return parameters_; }
  // nullptr if there is none of that name.
  Parameter* Find(absl::string_view name);

  // Elements of trainable parameters: the published parameter counts.
  [[nodiscard]] int64_t TrainableElements() const;

 private:
  std::deque<Parameter> parameters_;
  std::unordered_map<std::string, Parameter*> index_;  // by name
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_WEIGHTS_PARAMETER_SET_H_
