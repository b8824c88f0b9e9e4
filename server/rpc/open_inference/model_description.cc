#include "server/rpc/open_inference/model_description.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "kernels/base/status_macros.h"
#include "server/repository/model_folder.h"
#include "server/rpc/open_inference/datatype.h"
#include "server/rpc/open_inference/model_tensors.h"

namespace localmamba::server {
namespace {

constexpr char kPlatform[] = "localmamba";
constexpr int64_t kAnyBatch = -1;

using TensorMetadata = inference::ModelMetadataResponse::TensorMetadata;

void Describe(absl::string_view name, inference::DataType type, absl::Span<const int64_t> dims,
              TensorMetadata& metadata) {
  metadata.set_name(std::string(name));
  metadata.set_datatype(std::string(DatatypeName(type)));
  metadata.add_shape(kAnyBatch);
  metadata.mutable_shape()->Add(dims.begin(), dims.end());
}

std::string AlternativeKey(const InputTensor& input) {
  return absl::StrCat("alternative_input.", input.name);
}

std::string AlternativeText(const InputTensor& input) {
  const std::string types = absl::StrJoin(
      input.types, " or ",
      [](std::string* out, inference::DataType type) { absl::StrAppend(out, DatatypeName(type)); });
  return absl::StrCat(types, " [", kAnyBatch, ",", absl::StrJoin(input.dims, ","), "]");
}

void Describe(const ServedVersion& version, inference::ModelInstanceGroup& group) {
  group.set_name(version.model().model);
  group.set_count(static_cast<int32_t>(version.model().engines.size()));
  group.set_kind(inference::ModelInstanceGroup::KIND_AUTO);
}

}  // namespace

absl::Status DescribeMetadata(const ServedVersion& version, absl::Span<const int64_t> versions,
                              inference::ModelMetadataResponse& response) {
  LM_ASSIGN_OR_RETURN(const ModelTensors tensors, TensorsOf(version));
  response.set_name(version.model().model);
  response.set_platform(kPlatform);
  for (const int64_t number : versions) response.add_versions(absl::StrCat(number));
  for (const InputTensor& input : tensors.inputs) {
    if (input.role == InputRole::kPixels) {
      Describe(input.name, input.types.front(), input.dims, *response.add_inputs());
    } else {
      (*response.mutable_properties())[AlternativeKey(input)] = AlternativeText(input);
    }
  }
  for (const OutputTensor& output : tensors.outputs) {
    Describe(output.name, output.type, output.dims, *response.add_outputs());
  }
  return absl::OkStatus();
}

absl::Status DescribeConfig(const ServedVersion& version, inference::ModelConfig& config) {
  LM_ASSIGN_OR_RETURN(const ModelTensors tensors, TensorsOf(version));
  config.set_name(version.model().model);
  config.set_platform(kPlatform);
  config.set_backend(kPlatform);
  config.set_max_batch_size(static_cast<int32_t>(tensors.max_batch_size));
  for (const InputTensor& tensor : tensors.inputs) {
    if (tensor.role != InputRole::kPixels) {
      (*config.mutable_parameters())[AlternativeKey(tensor)].set_string_value(
          AlternativeText(tensor));
      continue;
    }
    inference::ModelInput& input = *config.add_input();
    input.set_name(std::string(tensor.name));
    input.set_data_type(tensor.types.front());
    input.set_format(inference::ModelInput::FORMAT_NHWC);
    input.mutable_dims()->Add(tensor.dims.begin(), tensor.dims.end());
  }
  for (const OutputTensor& tensor : tensors.outputs) {
    inference::ModelOutput& output = *config.add_output();
    output.set_name(std::string(tensor.name));
    output.set_data_type(tensor.type);
    output.mutable_dims()->Add(tensor.dims.begin(), tensor.dims.end());
    if (tensor.ranks() && tensor.role != OutputRole::kEmbedding) {
      output.set_label_filename(kLabelsFile);
    }
  }
  Describe(version, *config.add_instance_group());
  config.mutable_dynamic_batching();  // present: items of several requests share batches
  config.mutable_model_transaction_policy()->set_decoupled(false);
  return absl::OkStatus();
}

}  // namespace localmamba::server
