#include "server/rpc/open_inference/tensor_contents.h"

#include <algorithm>
#include <array>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/rpc/open_inference/datatype.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {
namespace {

using inference::DataType;
using inference::InferTensorContents;

constexpr size_t kLengthBytes = 4;

size_t ReadLength(const uint8_t* bytes) {
  return size_t{bytes[0]} | size_t{bytes[1]} << 8 | size_t{bytes[2]} << 16 | size_t{bytes[3]} << 24;
}

struct TypedField {
  absl::string_view name;
  size_t elements;
};

std::array<TypedField, 8> FieldsOf(const InferTensorContents& contents) {
  const auto size = [](int count) { return static_cast<size_t>(count); };
  return {{{"bool_contents", size(contents.bool_contents_size())},
           {"int_contents", size(contents.int_contents_size())},
           {"int64_contents", size(contents.int64_contents_size())},
           {"uint_contents", size(contents.uint_contents_size())},
           {"uint64_contents", size(contents.uint64_contents_size())},
           {"fp32_contents", size(contents.fp32_contents_size())},
           {"fp64_contents", size(contents.fp64_contents_size())},
           {"bytes_contents", size(contents.bytes_contents_size())}}};
}

// Empty if the type has none.
absl::string_view FieldName(DataType type) {
  switch (type) {
    case inference::TYPE_BOOL:
      return "bool_contents";
    case inference::TYPE_INT8:
    case inference::TYPE_INT16:
    case inference::TYPE_INT32:
      return "int_contents";
    case inference::TYPE_INT64:
      return "int64_contents";
    case inference::TYPE_UINT8:
    case inference::TYPE_UINT16:
    case inference::TYPE_UINT32:
      return "uint_contents";
    case inference::TYPE_UINT64:
      return "uint64_contents";
    case inference::TYPE_FP32:
      return "fp32_contents";
    case inference::TYPE_FP64:
      return "fp64_contents";
    case inference::TYPE_STRING:
      return "bytes_contents";
    default:
      return "";
  }
}

template <class Values>
absl::Status CheckRange(const TensorHead& tensor, const Values& values, int64_t low, int64_t high) {
  const auto outside = std::find_if(values.begin(), values.end(),
                                    [&](int64_t value) { return value < low || value > high; });
  if (outside == values.end()) return absl::OkStatus();
  return InvalidRequest(absl::StrCat(tensor.name, ": element ", outside - values.begin(), " is ",
                                     *outside, ", wanted ", low, " to ", high, " for ",
                                     DatatypeName(tensor.type)));
}

absl::Status CheckRanges(const TensorHead& tensor, const InferTensorContents& contents) {
  switch (tensor.type) {
    case inference::TYPE_INT8:
      return CheckRange(tensor, contents.int_contents(), -128, 127);
    case inference::TYPE_INT16:
      return CheckRange(tensor, contents.int_contents(), -32768, 32767);
    case inference::TYPE_UINT8:
      return CheckRange(tensor, contents.uint_contents(), 0, 255);
    case inference::TYPE_UINT16:
      return CheckRange(tensor, contents.uint_contents(), 0, 65535);
    default:
      return absl::OkStatus();
  }
}

}  // namespace

absl::Status CheckRawSize(const TensorHead& tensor, size_t bytes) {
  const size_t wanted = tensor.elements * DatatypeBytes(tensor.type);
  if (bytes == wanted || tensor.type == inference::TYPE_STRING) return absl::OkStatus();
  return InvalidRequest(absl::StrCat(tensor.name, ": found ", bytes, " bytes, wanted ", wanted,
                                     " for ", tensor.elements, " elements of ",
                                     DatatypeName(tensor.type)));
}

absl::StatusOr<std::vector<ByteSpan>> SplitRawBytes(const TensorHead& tensor, ByteSpan raw) {
  std::vector<ByteSpan> result;
  for (size_t i = 0; i < tensor.elements; ++i) {
    if (raw.size() < kLengthBytes) {
      return InvalidRequest(absl::StrCat(tensor.name, ": found ", raw.size(),
                                         " bytes before element ", i, ", wanted its length in ",
                                         kLengthBytes, ", for ", tensor.elements, " elements"));
    }
    const size_t length = ReadLength(raw.data());
    raw.remove_prefix(kLengthBytes);
    if (length > raw.size()) {
      return InvalidRequest(absl::StrCat(tensor.name, ": element ", i, " has a length of ", length,
                                         ", but ", raw.size(), " bytes are left"));
    }
    result.push_back(raw.first(length));
    raw.remove_prefix(length);
  }
  if (raw.empty()) return result;
  return InvalidRequest(absl::StrCat(tensor.name, ": found ", raw.size(),
                                     " bytes after the last of ", tensor.elements,
                                     " elements, wanted none"));
}

void AppendRawBytes(absl::string_view element, std::string& raw) {
  for (size_t i = 0; i < kLengthBytes; ++i) {
    raw.push_back(static_cast<char>(element.size() >> (8 * i) & 0xFFU));
  }
  raw.append(element.data(), element.size());
}

absl::Status CheckTyped(const TensorHead& tensor, const InferTensorContents& contents) {
  const absl::string_view wanted = FieldName(tensor.type);
  if (wanted.empty()) {
    return InvalidRequest(absl::StrCat(tensor.name, ": found contents of ",
                                       DatatypeName(tensor.type),
                                       ", which has no field for them, wanted raw_input_contents"));
  }
  size_t found = 0;
  for (const TypedField& field : FieldsOf(contents)) {
    if (field.name == wanted) {
      found = field.elements;
    } else if (field.elements > 0) {
      return InvalidRequest(absl::StrCat(tensor.name, ": found ", field.name, ", wanted ", wanted,
                                         " for ", DatatypeName(tensor.type)));
    }
  }
  if (found != tensor.elements) {
    return InvalidRequest(absl::StrCat(tensor.name, ": found ", found, " elements in ", wanted,
                                       ", wanted ", tensor.elements));
  }
  return CheckRanges(tensor, contents);
}

}  // namespace localmamba::server
