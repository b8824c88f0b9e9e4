#include <cstring>

#include "kernels/base/check.h"
#include "model/weights/safetensors.h"
#include "tests/fuzz/fuzz_target.h"

namespace localmamba {
namespace {

std::vector<uint8_t> WithHeader(absl::string_view header, size_t data_bytes) {
  std::vector<uint8_t> file;
  for (int i = 0; i < 8; ++i) {
    file.push_back(static_cast<uint8_t>(uint64_t{header.size()} >> 8 * i));
  }
  for (const char c : header) file.push_back(static_cast<uint8_t>(c));
  file.resize(file.size() + data_bytes, 0x3F);
  return file;
}

}  // namespace

std::vector<std::vector<uint8_t>> FuzzSeeds() {
  return {WithHeader(R"({"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
                     R"("b.c":{"dtype":"BF16","shape":[],"data_offsets":[24,26]},)"
                     R"("__metadata__":{"format":"pt"}} )",
                     26),
          WithHeader(R"({"x":{"dtype":"U8","shape":[0,5],"data_offsets":[0,0]},)"
                     R"("y":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}})",
                     8),
          WithHeader("{}", 0)};
}

}  // namespace localmamba

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto file =
      localmamba::ReadSafetensorsFromMemory({reinterpret_cast<const char*>(data), size});
  if (!file.ok()) {
    LM_CHECK(file.status().code() == absl::StatusCode::kInvalidArgument);
    return 0;
  }
  // Every element lies in memory that may be read.
  uint8_t all = 0;
  for (const auto& [name, tensor] : file->tensors) {
    const auto* bytes = static_cast<const uint8_t*>(tensor.view().raw_data());
    const size_t count = static_cast<size_t>(tensor.elements()) * SizeOf(tensor.dtype());
    for (size_t i = 0; i < count; ++i) all |= bytes[i];
  }
  volatile uint8_t sink = all;
  (void)sink;
  return 0;
}
