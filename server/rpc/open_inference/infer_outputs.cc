#include "server/rpc/open_inference/infer_outputs.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "kernels/base/status_macros.h"
#include "server/rpc/open_inference/datatype.h"
#include "server/rpc/open_inference/quoted.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {
namespace {

using Requested = inference::ModelInferRequest::InferRequestedOutputTensor;

absl::StatusOr<OutputTensor> FindTensor(const std::string& name, const ModelTensors& tensors) {
  const auto found = std::find_if(tensors.outputs.begin(), tensors.outputs.end(),
                                   [&](const OutputTensor& one) { return one.name == name; });
  if (found != tensors.outputs.end()) return *found;
  return InvalidRequest(absl::StrCat(
      "output ", Quoted(name), ": the model has none of this name, wanted ",
      absl::StrJoin(tensors.outputs, ", ", [](std::string* out, const OutputTensor& output) {
        absl::StrAppend(out, "\"", output.name, "\"");
      })));
}

// Of a batch; 0 if that is not known before.
uint64_t LeastBytes(const OutputTensor& tensor, int64_t batch_size) {
  uint64_t bytes = static_cast<uint64_t>(batch_size) * DatatypeBytes(tensor.type);
  for (const int64_t dim : tensor.dims) bytes *= dim == kAnyExtent ? 0 : static_cast<uint64_t>(dim);
  return bytes;
}

absl::StatusOr<WantedOutput> ReadOutput(const Requested& requested, const ModelTensors& tensors,
                                        int64_t batch_size, const SharedMemoryRegions* regions) {
  WantedOutput output;
  LM_ASSIGN_OR_RETURN(output.tensor, FindTensor(requested.name(), tensors));
  const std::string name = absl::StrCat("output ", Quoted(requested.name()));
  LM_ASSIGN_OR_RETURN(output.classes, ReadClassification(requested.parameters(), name));
  LM_ASSIGN_OR_RETURN(std::optional<SharedMemorySlice> slice,
                      ReadSharedMemorySlice(requested.parameters(), name));
  if (output.classes.has_value() && !output.tensor.ranks()) {
    return InvalidRequest(absl::StrCat(
        name, ": found classification, wanted none: it has no element for each class"));
  }
  if (!slice.has_value()) return output;

  if (output.classes.has_value()) {
    return InvalidRequest(absl::StrCat(
        name, ": found classification and a shared memory region, wanted one of them"));
  }
  if (regions == nullptr) return SharedMemoryIsOff();
  LM_ASSIGN_OR_RETURN(output.region, regions->Find(*slice, name));
  const uint64_t bytes = LeastBytes(output.tensor, batch_size);
  if (slice->byte_size < bytes) {
    return InvalidRequest(absl::StrCat(name, ": found room for ", slice->byte_size,
                                       " bytes in shared memory, wanted ", bytes));
  }
  output.slice = *std::move(slice);
  return output;
}

}  // namespace

absl::StatusOr<std::vector<WantedOutput>> ReadOutputs(const inference::ModelInferRequest& request,
                                                      const ModelTensors& tensors,
                                                      int64_t batch_size,
                                                      const SharedMemoryRegions* regions) {
  std::vector<WantedOutput> result;
  for (const Requested& requested : request.outputs()) {
    LM_ASSIGN_OR_RETURN(WantedOutput output, ReadOutput(requested, tensors, batch_size, regions));
    for (const WantedOutput& other : result) {
      if (other.tensor.role == output.tensor.role) {
        return InvalidRequest(absl::StrCat("output ", Quoted(requested.name()), ": found twice"));
      }
    }
    result.push_back(std::move(output));
  }
  if (result.empty()) {
    for (const OutputTensor& tensor : tensors.outputs) result.push_back({.tensor = tensor});
  }
  return result;
}

}  // namespace localmamba::server
