// Which tensors a model version has for clients of the Open Inference Protocol.
#ifndef LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_MODEL_TENSORS_H_
#define LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_MODEL_TENSORS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "inference/model_config.pb.h"

namespace localmamba::server {

class ServedVersion;

// Ways to give the images of a request, which has one of them.
enum class InputRole : uint8_t {
  kPixels,   // of the size the network takes, or of any if it takes any
  kTensor,   // of the size the network takes, normalised
  kEncoded,  // files, which are decoded and resized
};

// A dimension that differs from request to request.
inline constexpr int64_t kAnyExtent = -1;

struct InputTensor {
  InputRole role;
  absl::string_view name;
  absl::Span<const inference::DataType> types;  // that it may have; metadata tells the first
  std::vector<int64_t> dims;                    // of one item
};

enum class OutputRole : uint8_t {
  // Of a classifier.
  kProbabilities,
  kLogits,
  kEmbedding,
  // Of a detector.
  kBoxes,
  kScores,
  kClasses,
  kCounts,
  kMasks,
  kImageSizes,
  // Of a segmenter.
  kLabels,
};

struct OutputTensor {
  OutputRole role;
  absl::string_view name;
  inference::DataType type;
  std::vector<int64_t> dims;  // of one item

  // Whether the largest elements of an item may be asked for as text.
  [[nodiscard]] bool ranks() const {
    return role == OutputRole::kProbabilities || role == OutputRole::kLogits ||
           role == OutputRole::kEmbedding;
  }
};

struct ModelTensors {
  int64_t max_batch_size;
  std::vector<InputTensor> inputs;
  std::vector<OutputTensor> outputs;
};

// Errors: UNIMPLEMENTED for a model that has features alone.
absl::StatusOr<ModelTensors> TensorsOf(const ServedVersion& version);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_MODEL_TENSORS_H_
