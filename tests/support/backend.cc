#include "tests/support/backend.h"

#include "hwy/targets.h"
#include "kernels/base/check.h"
#include "kernels/base/status_macros.h"
#include "kernels/tensor/half.h"

namespace localmamba {
namespace {

// Elements as the device holds them.
std::vector<std::byte> Encode(const std::vector<float>& values, DType dtype) {
  std::vector<std::byte> bytes(values.size() * SizeOf(dtype));
  if (dtype == DType::kFloat32) {
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return bytes;
  }
  for (size_t i = 0; i < values.size(); ++i) {
    const uint16_t bits =
        dtype == DType::kFloat16 ? Float16FromFloat(values[i]) : BFloat16FromFloat(values[i]);
    std::memcpy(bytes.data() + i * sizeof(bits), &bits, sizeof(bits));
  }
  return bytes;
}

void Decode(const std::vector<std::byte>& bytes, DType dtype, std::vector<float>& values) {
  if (dtype == DType::kFloat32) {
    std::memcpy(values.data(), bytes.data(), bytes.size());
    return;
  }
  for (size_t i = 0; i < values.size(); ++i) {
    uint16_t bits = 0;
    std::memcpy(&bits, bytes.data() + i * sizeof(bits), sizeof(bits));
    values[i] = dtype == DType::kFloat16 ? FloatFromFloat16(bits) : FloatFromBFloat16(bits);
  }
}

void AppendCuda(std::vector<Backend>& backends) {
  backends.push_back({"CudaFloat32", Device::Cuda(0), DType::kFloat32});
  backends.push_back({"CudaFloat16", Device::Cuda(0), DType::kFloat16});
  backends.push_back({"CudaBFloat16", Device::Cuda(0), DType::kBFloat16});
}

}  // namespace

void PrintTo(const Backend& backend, std::ostream* out) { *out << backend.name; }

std::vector<Backend> Backends() {
  std::vector<Backend> backends = {{"Cpu", Device::Cpu()}};
  AppendCuda(backends);
  return backends;
}

std::vector<Backend> CpuBackend() { return {{"Cpu", Device::Cpu()}}; }

std::vector<Backend> BackendsAndInstructionSets() {
  std::vector<Backend> backends;
  for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
    backends.push_back({hwy::TargetName(target), Device::Cpu(), DType::kFloat32, target});
  }
  AppendCuda(backends);
  return backends;
}

std::vector<Backend> Float32Backends() {
  return {{"Cpu", Device::Cpu()}, {"CudaFloat32", Device::Cuda(0)}};
}

absl::StatusOr<std::unique_ptr<BackendTensors>> BackendTensors::Create(const Backend& backend) {
  LM_RETURN_IF_ERROR(Device::Parse(backend.device.ToString()).status());
  LM_ASSIGN_OR_RETURN(Stream stream, Stream::Create(backend.device, /*cpu_threads=*/2));
  LM_ASSIGN_OR_RETURN(std::unique_ptr<Allocator> allocator, CreateDeviceAllocator(backend.device));
  return std::unique_ptr<BackendTensors>(
      new BackendTensors(backend, std::move(stream), std::move(allocator)));
}

TensorView BackendTensors::Upload(TestTensor& tensor, DType dtype) {
  const TensorView own = tensor.view();
  if (own.empty() || stream_.device().is_cpu()) return own;
  const auto known = tensors_.find(&tensor);
  if (known != tensors_.end()) return tensor.WithoutGaps(known->second);
  const std::vector<std::byte> bytes = Encode(tensor.storage(), dtype);
  Decode(bytes, dtype, tensor.storage());
  const Tensor uploaded = *Tensor::Allocate(*allocator_, dtype, tensor.storage_shape());
  LM_CHECK(stream_.CopyBytes(bytes.data(), uploaded.view().raw_data(), bytes.size()).ok());
  LM_CHECK(stream_.Synchronize().ok());
  tensors_.emplace(&tensor, uploaded);
  return tensor.WithoutGaps(uploaded);
}

TensorView BackendTensors::Upload(const ConstTensorView& host) {
  copies_.push_back(*Tensor::Allocate(*allocator_, host.dtype(), host.shape()));
  LM_CHECK(Copy(host, copies_.back(), stream_).ok());
  LM_CHECK(stream_.Synchronize().ok());
  return copies_.back();
}

absl::Status BackendTensors::Fetch(const ConstTensorView& from, const TensorView& host) {
  LM_RETURN_IF_ERROR(Copy(from, host, stream_));
  return stream_.Synchronize();
}

absl::Status BackendTensors::Fetch() {
  LM_RETURN_IF_ERROR(stream_.Synchronize());
  for (auto& [tensor, uploaded] : tensors_) {
    std::vector<std::byte> bytes(tensor->storage().size() * SizeOf(uploaded.dtype()));
    LM_RETURN_IF_ERROR(stream_.CopyBytes(uploaded.view().raw_data(), bytes.data(), bytes.size()));
    LM_RETURN_IF_ERROR(stream_.Synchronize());
    Decode(bytes, uploaded.dtype(), tensor->storage());
  }
  return absl::OkStatus();
}

}  // namespace localmamba
