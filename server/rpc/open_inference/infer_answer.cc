#include "server/rpc/open_inference/infer_answer.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/base/status_macros.h"
#include "kernels/device/stream.h"
#include "kernels/reduce/softmax.h"
#include "server/rpc/open_inference/classification.h"
#include "server/rpc/open_inference/datatype.h"

namespace localmamba::server {
namespace {

using Output = inference::ModelInferResponse::InferOutputTensor;

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

// The largest `classes` elements of each item.
std::string Largest(const std::string& elements, int64_t batch_size, int64_t width, int64_t classes,
                    absl::Span<const std::string> labels, Output& output) {
  std::vector<float> values(static_cast<size_t>(width));
  std::string raw;
  int64_t count = 0;
  for (int64_t i = 0; i < batch_size; ++i) {
    const size_t bytes = values.size() * sizeof(float);
    std::memcpy(values.data(), elements.data() + static_cast<size_t>(i) * bytes, bytes);
    count = AppendLargest(values, classes, labels, raw);
  }
  output.add_shape(count);
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
    Output& output = *response.add_outputs();
    output.set_name(std::string(wanted.tensor.name));
    output.add_shape(batch_size);
    inference::DataType type = inference::TYPE_FP32;
    if (wanted.classes.has_value()) {
      type = inference::TYPE_STRING;
      raw = Largest(raw, batch_size, wanted.tensor.width, *wanted.classes,
                    of_classes ? labels : absl::Span<const std::string>(), output);
    } else {
      output.add_shape(wanted.tensor.width);
    }
    output.set_datatype(std::string(DatatypeName(type)));
    // An entry for each output: clients count on it.
    std::string& contents = *response.add_raw_output_contents();
    if (wanted.region == nullptr) {
      contents = std::move(raw);
    } else {
      LM_RETURN_IF_ERROR(wanted.region->Write(wanted.slice.offset, raw));
    }
  }
  return absl::OkStatus();
}

}  // namespace localmamba::server
