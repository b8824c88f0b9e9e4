// Whole requests of the Open Inference Protocol through everything that is checked before the
// network runs.
#include <string>
#include <utility>
#include <variant>

#include "google/protobuf/stubs/logging.h"
#include "kernels/base/check.h"
#include "server/rpc/admission.h"
#include "server/rpc/open_inference/infer_inputs.h"
#include "server/rpc/open_inference/infer_outputs.h"
#include "server/rpc/open_inference/infer_parameters.h"
#include "server/rpc/open_inference/tensor_contents.h"
#include "server/runtime/clock.h"
#include "server/runtime/lifecycle.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/support/infer_requests.h"
#include "tests/support/small_tensors.h"

namespace localmamba {
namespace {

using server::InferRequestOf;

constexpr int64_t kMaxBatchSize = 4;  // of all models here

std::vector<uint8_t> BytesOf(const inference::ModelInferRequest& request) {
  const std::string bytes = request.SerializeAsString();
  return {bytes.begin(), bytes.end()};
}

void ReadAll(server::ByteSpan bytes) {
  size_t sum = 0;
  for (const uint8_t byte : bytes) sum += byte;
  LM_CHECK(sum <= bytes.size() * 255);
}

// There are as many images as the shape says, and every byte of them can be read.
void ReadAll(const server::InferInputs& inputs) {
  LM_CHECK(1 <= inputs.batch_size && inputs.batch_size <= kMaxBatchSize);
  if (const auto* files = std::get_if<std::vector<server::EncodedImage>>(&inputs.images)) {
    LM_CHECK(files->size() == static_cast<size_t>(inputs.batch_size));
    for (const server::EncodedImage& file : *files) ReadAll(file.bytes);
    return;
  }
  const auto& tensor = std::get<ConstTensorView>(inputs.images);
  LM_CHECK(tensor.dim(0) == inputs.batch_size);
  const size_t bytes = static_cast<size_t>(tensor.elements()) * SizeOf(tensor.dtype());
  ReadAll({static_cast<const uint8_t*>(tensor.raw_data()), bytes});
}

void CheckRefusal(const absl::Status& status) {
  LM_CHECK(status.code() == absl::StatusCode::kInvalidArgument ||
           status.code() == absl::StatusCode::kNotFound ||
           status.code() == absl::StatusCode::kUnimplemented);
  LM_CHECK(status.message().size() < 4096);  // whatever the request says
}

}  // namespace

void CheckTensors(const inference::ModelInferRequest& request,
                  const server::ModelTensors& tensors) {
  server::Lifecycle lifecycle;
  lifecycle.Enter(server::Phase::kServing);
  server::RealClock clock;
  server::Admission admission({}, lifecycle, clock);
  server::Admission::Ticket ticket = *admission.Admit("", request.ByteSizeLong());
  const server::SharedMemoryRegions none_registered;
  const server::SharedMemoryRegions* const switched_off = nullptr;
  for (const auto* regions : {&none_registered, switched_off}) {
    const auto inputs = server::ReadInputs(request, tensors, regions, ticket);
    if (inputs.ok()) {
      ReadAll(*inputs);
    } else {
      CheckRefusal(inputs.status());
    }
    const int64_t batch_size = inputs.ok() ? inputs->batch_size : 1;
    const auto outputs = server::ReadOutputs(request, tensors, batch_size, regions);
    if (!outputs.ok()) CheckRefusal(outputs.status());
  }
}

void CheckRequest(const inference::ModelInferRequest& request) {
  const auto parameters = server::ReadRequestParameters(request.parameters());
  if (!parameters.ok()) CheckRefusal(parameters.status());
  CheckTensors(request, server::SmallTensors());
  CheckTensors(request, server::SmallDetectorTensors());
}

std::vector<std::vector<uint8_t>> FuzzSeeds() {
  std::vector<std::vector<uint8_t>> seeds;
  inference::ModelInferRequest raw = InferRequestOf("pixels", "UINT8", {2, 2, 3, 3});
  raw.add_raw_input_contents(std::string(36, 'p'));
  (*raw.add_outputs()->mutable_parameters())["classification"].set_int64_param(3);
  raw.mutable_outputs(0)->set_name("logits");
  seeds.push_back(BytesOf(raw));

  inference::ModelInferRequest typed = InferRequestOf("tensor", "FP32", {1, 3, 2, 3});
  for (int i = 0; i < 18; ++i) typed.mutable_inputs(0)->mutable_contents()->add_fp32_contents(1);
  (*typed.mutable_parameters())["priority"].set_uint64_param(1);
  (*typed.mutable_parameters())["timeout"].set_int64_param(100);
  seeds.push_back(BytesOf(typed));

  inference::ModelInferRequest sized = InferRequestOf("pixels", "UINT8", {1, 2, 4, 3});
  sized.add_raw_input_contents(std::string(24, 'p'));
  sized.add_outputs()->set_name("boxes");
  seeds.push_back(BytesOf(sized));

  inference::ModelInferRequest files = InferRequestOf("encoded", "BYTES", {2, 1});
  std::string& contents = *files.add_raw_input_contents();
  server::AppendRawBytes("one", contents);
  server::AppendRawBytes("two", contents);
  seeds.push_back(BytesOf(files));

  inference::ModelInferRequest shared = InferRequestOf("tensor", "FP16", {1, 3, 2, 3});
  for (auto* parameters : {shared.mutable_inputs(0)->mutable_parameters(),
                           shared.add_outputs()->mutable_parameters()}) {
    (*parameters)["shared_memory_region"].set_string_param("r");
    (*parameters)["shared_memory_offset"].set_int64_param(8);
    (*parameters)["shared_memory_byte_size"].set_int64_param(36);
  }
  shared.mutable_outputs(0)->set_name("embedding");
  seeds.push_back(BytesOf(shared));
  return seeds;
}

}  // namespace localmamba

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const google::protobuf::LogSilencer quiet;  // about text that is not UTF-8
  inference::ModelInferRequest request;
  if (request.ParseFromArray(data, static_cast<int>(size))) localmamba::CheckRequest(request);
  return 0;
}
