// Flags of the commands that make a model: where its architecture comes from and where it goes.
#ifndef LOCALMAMBA_TOOL_MODEL_SOURCE_H_
#define LOCALMAMBA_TOOL_MODEL_SOURCE_H_

#include <cstdint>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "server/repository/model_spec.h"
#include "server/repository/write_model.h"

namespace localmamba::tool {

// The spec of a variant, a network or a detector: its official preprocessing, and features if it has
// no head.
// Errors: NOT_FOUND.
absl::StatusOr<ModelSpec> VariantSpec(const std::string& variant);

// --variant or --spec.
class ModelSource {
 public:
  void AddFlags(CLI::App& app);

  // The name given with --variant, or empty.
  [[nodiscard]] const std::string& variant() const { return variant_; }

  // Errors: INVALID_ARGUMENT, NOT_FOUND.
  [[nodiscard]] absl::StatusOr<ModelSpec> Spec() const;

 private:
  std::string variant_;
  std::string spec_path_;
};

// --out, --version, --dtype, --labels and --force.
class ModelDestination {
 public:
  void AddFlags(CLI::App& app);

  // Writes the model and prints where it is. A classifier of 1000 classes gets the names of
  // ImageNet, a detector of 80 those of COCO, unless --labels says otherwise.
  // Errors: INVALID_ARGUMENT; those of WriteModel.
  absl::Status Write(const ModelSpec& spec, const ParameterSet& parameters) const;

 private:
  [[nodiscard]] absl::StatusOr<std::string> LabelsJson(const ModelSpec& spec) const;

  std::string out_;
  int64_t version_ = 1;
  std::string dtype_ = "f32";
  std::string labels_path_;
  bool force_ = false;
};

}  // namespace localmamba::tool

#endif  // LOCALMAMBA_TOOL_MODEL_SOURCE_H_
