// The elements of a tensor in a message, checked against how many there should be.
#ifndef LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_TENSOR_CONTENTS_H_
#define LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_TENSOR_CONTENTS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "inference/grpc_service.pb.h"
#include "inference/model_config.pb.h"

namespace localmamba::server {

using ByteSpan = absl::Span<const uint8_t>;

// What a tensor's contents are held against.
struct TensorHead {
  std::string name;  // in messages: "input \"pixels\""
  inference::DataType type = inference::TYPE_INVALID;
  size_t elements = 0;
};

// Errors of all: INVALID_ARGUMENT with what was found and what was wanted.

// OK if raw contents have as many bytes as they should; of BYTES that is not known before.
absl::Status CheckRawSize(const TensorHead& tensor, size_t bytes);

// Raw contents of BYTES: each element after its length, four bytes, little endian. The results
// point into `raw`.
absl::StatusOr<std::vector<ByteSpan>> SplitRawBytes(const TensorHead& tensor, ByteSpan raw);

// Appends an element to raw contents of BYTES.
void AppendRawBytes(absl::string_view element, std::string& raw);

// OK if typed contents fill the field of the tensor's type, and no other, with as many elements,
// each in the type's range. FP16 and BF16 have no field.
absl::Status CheckTyped(const TensorHead& tensor, const inference::InferTensorContents& contents);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_TENSOR_CONTENTS_H_
