#include "model/weights/safetensors_header.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kernels/base/annotate.h"
#include "kernels/base/check.h"
#include "kernels/base/status_macros.h"
#include "model/weights/strict_json.h"

namespace localmamba {
namespace {

using nlohmann::json;

constexpr size_t kLengthBytes = 8;
constexpr int kMaxJsonDepth = 3;  // header, tensor, its shape or offsets

constexpr std::array<std::pair<DType, absl::string_view>, 6> kNames = {{
    {DType::kFloat32, "F32"},
    {DType::kFloat16, "F16"},
    {DType::kBFloat16, "BF16"},
    {DType::kInt32, "I32"},
    {DType::kInt64, "I64"},
    {DType::kUInt8, "U8"},
}};

absl::Status Invalid(absl::string_view message) { return absl::InvalidArgumentError(message); }

absl::StatusOr<DType> ParseSafetensorsDType(const json& value) {
  if (!value.is_string()) return Invalid("dtype is no text");
  const auto& text = value.get_ref<const std::string&>();
  for (const auto& [dtype, name] : kNames) {
    if (name == text) return dtype;
  }
  return Invalid(
      absl::StrCat("dtype \"", text, "\" is not supported, wanted F32, F16, BF16, I32, I64 or U8"));
}

// An array of integers from 0 up to what fits an int64.
absl::StatusOr<std::vector<int64_t>> ParseIntegers(const json& value, absl::string_view field) {
  if (!value.is_array()) return Invalid(absl::StrCat(field, " is no list"));
  std::vector<int64_t> result;
  for (const json& item : value) {
    if (!item.is_number_unsigned() ||
        item.get<uint64_t>() > uint64_t{std::numeric_limits<int64_t>::max()}) {
      return Invalid(absl::StrCat(field, " has ", item.dump(), ", wanted an integer from 0"));
    }
    result.push_back(item.get<int64_t>());
  }
  return result;
}

absl::StatusOr<Shape> ParseShape(const json& value) {
  LM_ASSIGN_OR_RETURN(const std::vector<int64_t> dims, ParseIntegers(value, "shape"));
  if (dims.size() > static_cast<size_t>(kMaxRank)) {
    return Invalid(
        absl::StrCat("shape has ", dims.size(), " dimensions, wanted at most ", kMaxRank));
  }
  return Shape(dims);
}

// Bytes of a dense tensor. Strides must fit an int64 too, even if there are no elements.
absl::StatusOr<size_t> ByteSize(DType dtype, const Shape& shape) {
  auto bytes = static_cast<int64_t>(SizeOf(dtype));
  for (const int64_t dim : shape.dims()) {
    if (__builtin_mul_overflow(bytes, std::max<int64_t>(dim, 1), &bytes)) {
      return Invalid(absl::StrCat("shape ", shape.ToString(), " is too large"));
    }
  }
  return shape.elements() == 0 ? 0 : static_cast<size_t>(bytes);
}

// `data_bytes`: of all tensors of the file. Offsets of the result count from the start of the data.
absl::StatusOr<SafetensorsEntry> ParseEntry(const std::string& name, const json& value,
                                            size_t data_bytes) {
  if (!value.is_object() || value.size() != 3 || !value.contains("dtype") ||
      !value.contains("shape") || !value.contains("data_offsets")) {
    return Invalid("wanted an object of dtype, shape and data_offsets");
  }
  SafetensorsEntry entry;
  entry.name = name;
  LM_ASSIGN_OR_RETURN(entry.dtype, ParseSafetensorsDType(value["dtype"]));
  LM_ASSIGN_OR_RETURN(entry.shape, ParseShape(value["shape"]));
  LM_ASSIGN_OR_RETURN(const size_t wanted, ByteSize(entry.dtype, entry.shape));
  LM_ASSIGN_OR_RETURN(const std::vector<int64_t> offsets,
                      ParseIntegers(value["data_offsets"], "data_offsets"));
  if (offsets.size() != 2) return Invalid("data_offsets are not two numbers");
  entry.begin = static_cast<size_t>(offsets[0]);
  entry.end = static_cast<size_t>(offsets[1]);
  if (entry.begin > entry.end || entry.end > data_bytes) {
    return Invalid(absl::StrCat("data_offsets [", entry.begin, ",", entry.end,
                                "] are outside the data of ", data_bytes, " bytes"));
  }
  if (entry.end - entry.begin != wanted) {
    return Invalid(absl::StrCat("data_offsets span ", entry.end - entry.begin, " bytes, but ",
                                ToString(entry.dtype), entry.shape.ToString(), " takes ", wanted));
  }
  return entry;
}

absl::Status CheckCover(const std::vector<SafetensorsEntry>& entries, size_t data_bytes) {
  size_t covered = 0;
  for (const SafetensorsEntry& entry : entries) {
    if (entry.begin != covered) {
      return Invalid(absl::StrCat("tensor \"", entry.name, "\" starts at byte ", entry.begin,
                                  " of the data, wanted ", covered,
                                  entry.begin < covered ? " (overlap)" : " (gap)"));
    }
    covered = entry.end;
  }
  if (covered != data_bytes) {
    return Invalid(absl::StrCat("tensors cover ", covered, " bytes of ", data_bytes));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::map<std::string, std::string>> ParseMetadata(const json& value) {
  if (!value.is_object()) return Invalid("__metadata__ is no object");
  std::map<std::string, std::string> result;
  for (const auto& [key, text] : value.items()) {
    if (!text.is_string()) return Invalid(absl::StrCat("__metadata__ \"", key, "\" is no text"));
    result[key] = text.get<std::string>();
  }
  return result;
}

// Length of the JSON text.
absl::StatusOr<size_t> ParseLength(absl::Span<const std::byte> file) {
  if (file.size() < kLengthBytes) {
    return Invalid(absl::StrCat("has ", file.size(), " bytes, too few for a safetensors file"));
  }
  uint64_t length = 0;
  for (size_t i = 0; i < kLengthBytes; ++i) length |= std::to_integer<uint64_t>(file[i]) << (8 * i);
  if (length > file.size() - kLengthBytes || length > kMaxSafetensorsHeaderBytes) {
    return Invalid(absl::StrCat("header length ", length, ", but the file has ", file.size(),
                                " bytes and headers end at ", kMaxSafetensorsHeaderBytes));
  }
  return static_cast<size_t>(length);
}

}  // namespace

absl::StatusOr<SafetensorsHeader> ParseSafetensorsHeader(absl::Span<const std::byte> file) {
  LM_ASSIGN_OR_RETURN(const size_t length, ParseLength(file));
  const size_t data_begin = kLengthBytes + length;
  const size_t data_bytes = file.size() - data_begin;
  const absl::string_view text(reinterpret_cast<const char*>(file.data()) + kLengthBytes, length);
  if (text.empty() || text.front() != '{') return Invalid("safetensors header: is no JSON object");
  absl::StatusOr<json> root = ParseStrictJson(text, kMaxJsonDepth);
  if (!root.ok()) return Annotate(root.status(), "safetensors header");

  SafetensorsHeader header;
  for (const auto& [name, value] : root->items()) {
    if (name == "__metadata__") {
      LM_ASSIGN_OR_RETURN(header.metadata, ParseMetadata(value));
      continue;
    }
    absl::StatusOr<SafetensorsEntry> entry = ParseEntry(name, value, data_bytes);
    if (!entry.ok()) return Annotate(entry.status(), absl::StrCat("tensor \"", name, "\""));
    header.entries.push_back(*std::move(entry));
  }
  // By begin, then end: a tensor without elements comes before the one that starts where it is.
  std::sort(header.entries.begin(), header.entries.end(), [](const auto& a, const auto& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  LM_RETURN_IF_ERROR(CheckCover(header.entries, data_bytes));
  for (SafetensorsEntry& entry : header.entries) {
    entry.begin += data_begin;
    entry.end += data_begin;
  }
  return header;
}

absl::string_view SafetensorsName(DType dtype) {
  for (const auto& [candidate, name] : kNames) {
    if (candidate == dtype) return name;
  }
  LM_CHECK(false);
  return "";
}

}  // namespace localmamba
