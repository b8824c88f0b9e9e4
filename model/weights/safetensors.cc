#include "model/weights/safetensors.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"
#include "model/weights/atomic_file.h"
#include "model/weights/mapped_file.h"
#include "model/weights/safetensors_header.h"
#include "nlohmann/json.hpp"

namespace localmamba {
namespace {

absl::StatusOr<SafetensorsFile> Read(absl::Span<std::byte> bytes,
                                     const std::shared_ptr<const void>& owner) {
  LM_ASSIGN_OR_RETURN(SafetensorsHeader header, ParseSafetensorsHeader(bytes));
  SafetensorsFile file;
  file.metadata = std::move(header.metadata);
  for (const SafetensorsEntry& entry : header.entries) {
    std::byte* data = bytes.data() + entry.begin;
    Tensor tensor;
    if (reinterpret_cast<uintptr_t>(data) % SizeOf(entry.dtype) == 0) {
      tensor = Tensor::Share(TensorView(data, entry.dtype, entry.shape), owner);
    } else {
      LM_ASSIGN_OR_RETURN(tensor, AllocateHostTensor(entry.dtype, entry.shape));
      std::memcpy(tensor.view().raw_data(), data, entry.end - entry.begin);
    }
    file.tensors.emplace(entry.name, std::move(tensor));
  }
  return file;
}

size_t ByteSize(const Tensor& tensor) {
  return static_cast<size_t>(tensor.elements()) * SizeOf(tensor.dtype());
}

absl::Status CheckWritable(const NamedTensors& tensors) {
  for (const auto& [name, tensor] : tensors) {
    if (name.empty() || name == "__metadata__" || tensor.empty() || !tensor.device().is_cpu() ||
        !tensor.view().IsDense()) {
      return absl::InvalidArgumentError(
          absl::StrCat("tensor \"", name, "\" is ", Describe(tensor.view()),
                       ", wanted a named dense tensor in host memory"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SafetensorsFile> ReadSafetensors(const std::string& path) {
  LM_ASSIGN_OR_RETURN(const std::shared_ptr<MappedFile> file, MappedFile::Open(path));
  absl::StatusOr<SafetensorsFile> result = Read(file->bytes(), file);
  if (!result.ok()) return Annotate(result.status(), path);
  return result;
}

absl::StatusOr<SafetensorsFile> ReadSafetensorsFromMemory(absl::string_view bytes) {
  const auto copy = std::make_shared<std::string>(bytes);
  return Read(absl::MakeSpan(reinterpret_cast<std::byte*>(copy->data()), copy->size()), copy);
}

absl::Status WriteSafetensors(const std::string& path, const NamedTensors& tensors,
                              const std::map<std::string, std::string>& metadata) {
  LM_RETURN_IF_ERROR(CheckWritable(tensors));
  std::vector<NamedTensors::const_iterator> order;
  for (auto it = tensors.begin(); it != tensors.end(); ++it) order.push_back(it);
  std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return SizeOf(a->second.dtype()) > SizeOf(b->second.dtype());
  });

  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  size_t offset = 0;
  for (const auto& it : order) {
    const Tensor& tensor = it->second;
    const auto dims = tensor.shape().dims();
    header[it->first] = {{"dtype", std::string(SafetensorsName(tensor.dtype()))},
                         {"shape", std::vector<int64_t>(dims.begin(), dims.end())},
                         {"data_offsets", {offset, offset + ByteSize(tensor)}}};
    offset += ByteSize(tensor);
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const nlohmann::json::exception& error) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": a name is not UTF-8: ", error.what()));
  }
  text.append((8 - text.size() % 8) % 8, ' ');

  std::string length(8, '\0');
  for (size_t i = 0; i < 8; ++i) length[i] = static_cast<char>(text.size() >> (8 * i));
  LM_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  LM_RETURN_IF_ERROR(file.Write(length));
  LM_RETURN_IF_ERROR(file.Write(text));
  for (const auto& it : order) {
    const auto* data = static_cast<const std::byte*>(it->second.view().raw_data());
    LM_RETURN_IF_ERROR(file.Write(absl::MakeConstSpan(data, ByteSize(it->second))));
  }
  return file.Commit();
}

}  // namespace localmamba
