// Gradients of small networks by the tape, on any device, for tests.
#ifndef LOCALMAMBA_TESTS_SUPPORT_TRAINING_PASS_H_
#define LOCALMAMBA_TESTS_SUPPORT_TRAINING_PASS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "kernels/device/arena.h"
#include "kernels/device/buffer.h"
#include "kernels/device/stream.h"
#include "model/networks/network.h"

namespace localmamba {

// A network with deterministic parameters (tests/support/deterministic.h), float32 on the device.
// CHECKs that nothing fails.
class TrainingPass {
 public:
  TrainingPass(const NetworkConfig& config, Device device, DType dtype);

  struct Result {
    double loss = 0;
    std::vector<float> input_gradient;
    std::map<std::string, std::vector<float>> gradients;  // of the trainable parameters, by name
  };

  // Cross entropy of the classes `labels`, one per image, smoothed by `label_smoothing`. The
  // gradients are computed with a scale of 1024 in 16-bit dtypes and have it taken off again.
  Result Classify(const Shape& input_shape, const std::vector<int64_t>& labels,
                  double label_smoothing, const ForwardOptions& options = {});

  // The sum over all features i of feature_i times S of the name "dout.<i>".
  Result WeighFeatures(const Shape& input_shape);

  // A float32 value on the device.
  Value Upload(const std::vector<float>& values, const Shape& shape);

  // Adds `step` times `direction` to each parameter; those without an entry stay.
  void Move(const std::map<std::string, std::vector<float>>& direction, double step);

 private:
  using Seeds = std::vector<std::pair<Value, Tensor>>;
  // `seeds`: results of the network, or what is computed from it, each with its gradient.
  Result Run(const Shape& input_shape, const ForwardOptions& options, float scale,
             absl::FunctionRef<Seeds(OpContext&, const NetworkOutput&, Result&)> seeds);
  std::vector<float> Download(const Tensor& tensor, float factor = 1);

  DType dtype_;
  std::unique_ptr<Allocator> device_memory_;
  std::unique_ptr<Allocator> host_;
  Stream stream_;
  std::unique_ptr<Arena> arena_;
  std::unique_ptr<Network> network_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_TESTS_SUPPORT_TRAINING_PASS_H_
