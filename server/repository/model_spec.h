// What a model is: its model.json in plain C++ (localmamba.v1.ModelSpec on disk, documented in
// docs/model-format.md).
#ifndef LOCALMAMBA_SERVER_REPOSITORY_MODEL_SPEC_H_
#define LOCALMAMBA_SERVER_REPOSITORY_MODEL_SPEC_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "model/heads/head_config.h"
#include "model/networks/network_config.h"
#include "model/vision/keep_ratio.h"
#include "model/vision/preprocess_config.h"
#include "server/repository/version_policy.h"

namespace localmamba {

enum class ModelTask : uint8_t { kClassification, kFeatures, kDetection, kSegmentation };

struct ModelSpec {
  ModelTask task = ModelTask::kClassification;
  NetworkConfig network;
  HeadConfig head;  // of detection and segmentation
  PreprocessConfig preprocess;
  // Of detection and segmentation, which use nothing of `preprocess` but the normalization.
  std::optional<KeepRatioConfig> keep_ratio;
  std::map<std::string, int64_t> version_labels;  // e.g. {"stable", 3}; a label is not a number
  std::string description;
  VersionPolicy version_policy;
};

// Longest model.json read; one with 1000 layers has some 100 KB.
inline constexpr size_t kMaxModelSpecBytes = size_t{1} << 20;

// Checks everything a spec says apart from its weights. Errors: INVALID_ARGUMENT naming the field,
// what was found and what was wanted.
absl::Status Validate(const ModelSpec& spec);

// Parses and validates proto3 JSON. `source` names the text in messages. Errors: INVALID_ARGUMENT
// naming source and field: no JSON, unknown or repeated field, value of another type or out of
// range.
absl::StatusOr<ModelSpec> ParseModelSpec(absl::string_view json, absl::string_view source);

// The text of a model.json with every field written out. Inverse of ParseModelSpec.
std::string FormatModelSpec(const ModelSpec& spec);

// ParseModelSpec on a file. Errors also: NOT_FOUND and the like if it cannot be read.
absl::StatusOr<ModelSpec> ReadModelSpec(const std::string& path);

// Errors: those of AtomicFile.
absl::Status WriteModelSpec(const ModelSpec& spec, const std::string& path);

// Of the classifier of either family; 0 without one.
int64_t NumClasses(const NetworkConfig& config);
// Of the model's head or classifier; 0 without either.
int64_t NumClasses(const ModelSpec& spec);

// "classification", "features", "detection" or "segmentation".
absl::string_view ToString(ModelTask task);

// The size of the network's input; if images keep their proportions, that of the largest of those
// that are not higher than wide.
InputSize LargestInput(const ModelSpec& spec);

// Channels of the pooled features, which the classifier's linear layer sees.
int64_t PooledWidth(const NetworkConfig& config);

}  // namespace localmamba

#endif  // LOCALMAMBA_SERVER_REPOSITORY_MODEL_SPEC_H_
