#include "model/training/evaluation.h"

#include "kernels/base/status_macros.h"
#include "model/autograd/operations.h"
#include "model/weights/host_tensor.h"

namespace localmamba {
namespace {

// Logits of a batch in host memory, float32.
absl::StatusOr<Tensor> Logits(Network& network, OpContext& context, const Tensor& images) {
  LM_ASSIGN_OR_RETURN(const Value input, ops::Convert(context, Value(images), context.dtype));
  LM_ASSIGN_OR_RETURN(const NetworkOutput output, network.Forward(context, input));
  LM_ASSIGN_OR_RETURN(const Value logits, ops::Convert(context, output.logits, DType::kFloat32));
  LM_ASSIGN_OR_RETURN(Tensor host, AllocateHostTensor(DType::kFloat32, logits.shape()));
  LM_RETURN_IF_ERROR(Copy(logits.tensor(), host, context.stream));
  LM_RETURN_IF_ERROR(context.stream.Synchronize());
  return host;
}

}  // namespace

absl::StatusOr<std::optional<TopKAccuracy>> Evaluate(Network& network, DType dtype,
                                                     TrainingDevice& device,
                                                     const EvaluationBatches& batches,
                                                     const std::atomic<bool>& stop) {
  OpContext context{device.stream(), device.arena(), dtype};
  LM_RETURN_IF_ERROR(network.Pack(context));
  TopKAccuracy accuracy;
  while (true) {
    if (stop) return std::nullopt;
    LM_ASSIGN_OR_RETURN(const std::optional<EvaluationBatch> batch, batches());
    if (!batch.has_value()) return accuracy;
    LM_ASSIGN_OR_RETURN(const Tensor logits, Logits(network, context, batch->images));
    const auto classes = static_cast<size_t>(logits.dim(1));
    for (size_t i = 0; i < batch->labels.size(); ++i) {
      accuracy.Add({logits.data<float>() + i * classes, classes}, batch->labels[i]);
    }
  }
}

}  // namespace localmamba
