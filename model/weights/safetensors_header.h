// The table of contents of a safetensors file: 8 bytes little-endian header length, a JSON object
// {name: {"dtype", "shape", "data_offsets"}, "__metadata__": {text: text}}, then the data.
#ifndef LOCALMAMBA_MODEL_WEIGHTS_SAFETENSORS_HEADER_H_
#define LOCALMAMBA_MODEL_WEIGHTS_SAFETENSORS_HEADER_H_

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "kernels/tensor/dtype.h"
#include "kernels/tensor/shape.h"

namespace localmamba {

// Longest JSON header read; those of networks with thousands of tensors have some 100 KB.
inline constexpr size_t kMaxSafetensorsHeaderBytes = size_t{16} << 20;

struct SafetensorsEntry {
  std::string name;
  DType dtype = DType::kFloat32;
  Shape shape;
  size_t begin = 0;  // bytes from the start of the file
  size_t end = 0;
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;        // by place in the file
  std::map<std::string, std::string> metadata;  // empty if the file has none
};

// Parses and checks the header of a whole file: known dtypes, at most kMaxRank dimensions, sizes
// that agree with the shapes, and tensors that cover the data exactly, without gap or overlap.
// Reads nothing past the header. Errors: INVALID_ARGUMENT naming the tensor and what is wrong.
absl::StatusOr<SafetensorsHeader> ParseSafetensorsHeader(absl::Span<const std::byte> file);

// "F32" for kFloat32, and so on: the format's own spelling.
absl::string_view SafetensorsName(DType dtype);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_WEIGHTS_SAFETENSORS_HEADER_H_
