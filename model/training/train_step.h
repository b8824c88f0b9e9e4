// One optimiser step: forward, loss, backward, update.
#ifndef LOCALMAMBA_MODEL_TRAINING_TRAIN_STEP_H_
#define LOCALMAMBA_MODEL_TRAINING_TRAIN_STEP_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "kernels/tensor/tensor.h"
#include "model/autograd/op_context.h"
#include "model/data/batch_source.h"
#include "model/networks/network.h"
#include "model/training/recipe.h"
#include "model/training/trained_parameters.h"
#include "model/training/training_device.h"

namespace localmamba {

struct StepResult {
  double loss = 0;           // mean over the batch
  double gradient_norm = 0;  // L2, before clipping
  // False: some gradient was not finite, and no parameter changed.
  bool finite = true;
};

class TrainStep {
 public:
  struct Options {
    double learning_rate = 0;
    double loss_scale = 1;
  };

  // All outlive the object. dtype: of activations.
  static absl::StatusOr<std::unique_ptr<TrainStep>> Create(Network& network,
                                                           TrainedParameters& parameters,
                                                           const Recipe& recipe, DType dtype,
                                                           TrainingDevice& device);

  // step: counts from 0 over the run; decides which branches are dropped. Waits for the device, so
  // that the batch's memory may be used again. Errors: those of the network and its operations.
  absl::StatusOr<StepResult> Run(const TrainingBatch& batch, int64_t step, const Options& options);

 private:
  TrainStep(Network& network, TrainedParameters& parameters, const Recipe& recipe, DType dtype,
            TrainingDevice& device)
      : network_(network),
        parameters_(parameters),
        recipe_(recipe),
        dtype_(dtype),
        device_(device) {}

  // Values of one part of a batch, on the device.
  struct Part {
    Tensor images;
    Tensor targets;
    Tensor branch_factors;  // (depth, B); empty: all 1
    int64_t index = 0;
  };

  absl::Status CopyFactors(int64_t images, int64_t step);
  absl::StatusOr<Part> CopyPart(const TrainingBatch& batch, int64_t index);
  // Forward and backward. The loss goes to losses_[part.index], the gradients to gradients_.
  absl::Status Differentiate(const Part& part);
  // Gives the gradients of a part to gradients_, or adds them to what is there.
  absl::Status Gather(std::vector<Tensor> gradients, bool first);

  Network& network_;
  TrainedParameters& parameters_;
  const Recipe recipe_;
  const DType dtype_;
  TrainingDevice& device_;

  Tensor loss_gradient_;       // float32 scalar: loss scale / accumulation steps
  Tensor host_loss_gradient_;  // the same in host memory
  Tensor losses_;              // (accumulation steps), of the parts
  Tensor host_losses_;
  Tensor host_norm_;
  Tensor factors_;  // (depth, batch) of this step; empty without stochastic depth
  std::vector<float> host_factors_;
  std::vector<Tensor> gradients_;  // of this step, by trained parameter
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_TRAINING_TRAIN_STEP_H_
