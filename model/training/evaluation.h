// Accuracy of a network that is being trained.
#ifndef LOCALMAMBA_MODEL_TRAINING_EVALUATION_H_
#define LOCALMAMBA_MODEL_TRAINING_EVALUATION_H_

#include <atomic>
#include <functional>
#include <optional>

#include "absl/status/statusor.h"
#include "model/data/evaluation_loader.h"
#include "model/metrics/top_k.h"
#include "model/networks/network.h"
#include "model/training/training_device.h"

namespace localmamba {

// The next batch of the validation part; none after the last.
using EvaluationBatches = std::function<absl::StatusOr<std::optional<EvaluationBatch>>()>;

// Packs the network as it is and runs it on every batch. Nothing if `stop` became true on the way.
// Errors: those of `batches` and of the network.
absl::StatusOr<std::optional<TopKAccuracy>> Evaluate(Network& network, DType dtype,
                                                     TrainingDevice& device,
                                                     const EvaluationBatches& batches,
                                                     const std::atomic<bool>& stop);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_TRAINING_EVALUATION_H_
