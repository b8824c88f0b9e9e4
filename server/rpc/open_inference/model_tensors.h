// Which tensors a model version has for clients of the Open Inference Protocol.
#ifndef LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_MODEL_TENSORS_H_
#define LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_MODEL_TENSORS_H_

#include <array>
#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "inference/model_config.pb.h"
#include "kernels/tensor/shape.h"

namespace localmamba::server {

class ServedVersion;

// Three ways to give the images of a request, which has one of them.
enum class InputRole : uint8_t {
  kPixels,   // of the size the network takes
  kTensor,   // the same, normalised
  kEncoded,  // files, which are decoded, resized and cropped
};

struct InputTensor {
  InputRole role;
  absl::string_view name;
  absl::Span<const inference::DataType> types;  // that it may have; metadata tells the first
  Shape dims;                                   // of one item
};

enum class OutputRole : uint8_t { kProbabilities, kLogits, kEmbedding };

// All are FP32.
struct OutputTensor {
  OutputRole role;
  absl::string_view name;
  int64_t width;  // elements of one item
};

struct ModelTensors {
  int64_t max_batch_size;
  std::array<InputTensor, 3> inputs;
  std::array<OutputTensor, 3> outputs;
};

// Errors: UNIMPLEMENTED for a model without a classifier.
absl::StatusOr<ModelTensors> TensorsOf(const ServedVersion& version);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_MODEL_TENSORS_H_
