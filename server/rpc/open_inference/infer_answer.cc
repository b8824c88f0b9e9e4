#include "server/rpc/open_inference/infer_answer.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "kernels/base/status_macros.h"
#include "kernels/device/stream.h"
#include "kernels/reduce/softmax.h"
#include "server/rpc/open_inference/answer_output.h"
#include "server/rpc/open_inference/classification.h"

namespace localmamba::server {
namespace {

// The elements of `role` as raw contents.
absl::StatusOr<std::string> Elements(OutputRole role, const NetworkOutput& network) {
  const ConstTensorView& source = role == OutputRole::kEmbedding ? network.pooled : network.logits;
  std::string raw(static_cast<size_t>(source.elements()) * sizeof(float), '\0');
  if (role == OutputRole::kProbabilities) {
    LM_ASSIGN_OR_RETURN(Stream stream, Stream::Create(Device::Cpu(), 1));
    LM_RETURN_IF_ERROR(
        Softmax(source, TensorView(raw.data(), DType::kFloat32, source.shape()), stream));
  } else {
    std::memcpy(raw.data(), source.raw_data(), raw.size());
  }
  return raw;
}

// The largest `classes` elements of each item, and how many that are.
std::string Largest(const std::string& elements, int64_t batch_size, int64_t width, int64_t classes,
                    absl::Span<const std::string> labels, int64_t& count) {
  std::vector<float> values(static_cast<size_t>(width));
  std::string raw;
  for (int64_t i = 0; i < batch_size; ++i) {
    const size_t bytes = values.size() * sizeof(float);
    std::memcpy(values.data(), elements.data() + static_cast<size_t>(i) * bytes, bytes);
    count = AppendLargest(values, classes, labels, raw);
  }
  return raw;
}

}  // namespace

absl::Status WriteAnswer(const NetworkOutput& network, absl::Span<const WantedOutput> outputs,
                         absl::Span<const std::string> labels,
                         inference::ModelInferResponse& response) {
  const int64_t batch_size = network.logits.dim(0);
  for (const WantedOutput& wanted : outputs) {
    const bool of_classes = wanted.tensor.role != OutputRole::kEmbedding;
    LM_ASSIGN_OR_RETURN(std::string raw, Elements(wanted.tensor.role, network));
    inference::DataType type = wanted.tensor.type;
    int64_t width = wanted.tensor.dims.front();
    if (wanted.classes.has_value()) {
      type = inference::TYPE_STRING;
      raw = Largest(raw, batch_size, width, *wanted.classes,
                    of_classes ? labels : absl::Span<const std::string>(), width);
    }
    LM_RETURN_IF_ERROR(AddOutput(wanted, type, {batch_size, width}, std::move(raw), response));
  }
  return absl::OkStatus();
}

}  // namespace localmamba::server
