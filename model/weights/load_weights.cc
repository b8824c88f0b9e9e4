#include "model/weights/load_weights.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"
#include "model/weights/initialize.h"
#include "model/weights/problem_list.h"
#include "model/weights/safetensors.h"

namespace localmamba {
namespace {

// Of a batch norm of PyTorch: training steps, which nothing here depends on.
constexpr absl::string_view kBatchCounter = ".num_batches_tracked";

bool IsFloatingPoint(DType dtype) {
  return dtype == DType::kFloat32 || dtype == DType::kFloat16 || dtype == DType::kBFloat16;
}

bool IsFinite(const Tensor& tensor) {
  const float* values = tensor.data<float>();
  return std::all_of(values, values + tensor.elements(), [](float x) { return std::isfinite(x); });
}

}  // namespace

absl::Status AssignWeights(const NamedTensors& tensors, Allocator& allocator,
                           ParameterSet& parameters) {
  ProblemList problems;
  std::map<Parameter*, Tensor> accepted;
  std::vector<Parameter*> computed;
  for (Parameter& parameter : parameters.parameters()) {
    const auto it = tensors.find(parameter.name);
    if (it == tensors.end()) {
      if (parameter.is_computed()) {
        computed.push_back(&parameter);
      } else {
        problems.Add(absl::StrCat("\"", parameter.name, "\" is missing"));
      }
      continue;
    }
    const Tensor& tensor = it->second;
    if (!IsFloatingPoint(tensor.dtype()) || tensor.shape() != parameter.shape) {
      problems.Add(absl::StrCat("\"", parameter.name, "\" is ", ToString(tensor.dtype()),
                                tensor.shape().ToString(), ", wanted a floating-point ",
                                parameter.shape.ToString()));
      continue;
    }
    LM_ASSIGN_OR_RETURN(Tensor value, ToFloat32(tensor));
    if (!IsFinite(value)) {
      problems.Add(absl::StrCat("\"", parameter.name, "\" has a NaN or an infinity"));
      continue;
    }
    accepted.emplace(&parameter, std::move(value));
  }
  for (const auto& [name, tensor] : tensors) {
    if (parameters.Find(name) == nullptr && !absl::EndsWith(name, kBatchCounter)) {
      problems.Add(absl::StrCat("\"", name, "\" ", ToString(tensor.dtype()),
                                tensor.shape().ToString(), " is unexpected"));
    }
  }
  LM_RETURN_IF_ERROR(problems.ToStatus("weights do not fit the network"));
  for (Parameter* buffer : computed) {
    LM_RETURN_IF_ERROR(InitializeParameter(*buffer, /*seed=*/0, allocator));
  }
  for (auto& [parameter, value] : accepted) parameter->value = Value(std::move(value));
  return absl::OkStatus();
}

absl::Status LoadWeights(const std::string& path, Allocator& allocator, ParameterSet& parameters) {
  LM_ASSIGN_OR_RETURN(const SafetensorsFile file, ReadSafetensors(path));
  return Annotate(AssignWeights(file.tensors, allocator, parameters), path);
}

absl::Status SaveWeights(const ParameterSet& parameters, DType dtype, const std::string& path) {
  NamedTensors tensors;
  for (const Parameter& parameter : parameters.parameters()) {
    if (parameter.value.empty()) {
      return absl::FailedPreconditionError(
          absl::StrCat("parameter \"", parameter.name, "\" has no value to save"));
    }
    LM_ASSIGN_OR_RETURN(tensors[parameter.name], FromFloat32(parameter.value.tensor(), dtype));
  }
  return WriteSafetensors(path, tensors);
}

}  // namespace localmamba
