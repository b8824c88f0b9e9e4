// localmamba_tool forward: one run of a network on a tensor from a file, or of a detector or
// segmenter on an image.
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"
#include "model/weights/safetensors.h"
#include "tool/command.h"
#include "tool/engine_flags.h"
#include "tool/forward_detector.h"
#include "tool/forward_segmenter.h"
#include "tool/print_tensors.h"

namespace localmamba::tool {
namespace {

constexpr char kInputName[] = "input";

absl::StatusOr<Tensor> ReadInput(const std::string& path) {
  LM_ASSIGN_OR_RETURN(const SafetensorsFile file, ReadSafetensors(path));
  const auto found = file.tensors.find(kInputName);
  if (found == file.tensors.end()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": has no tensor \"", kInputName, "\""));
  }
  absl::StatusOr<Tensor> input = ToFloat32(found->second);
  if (!input.ok()) {
    return Annotate(input.status(), absl::StrCat(path, ": tensor \"", kInputName, "\""));
  }
  return input;
}

class ForwardCommand final : public Command {
 public:
  explicit ForwardCommand(CLI::App& app) {
    engine_.AddFlags(app);
    CLI::Option_group* input = app.add_option_group("input");
    input->add_option("--input", input_,
                      "safetensors file with the tensor \"input\", (N,3,H,W), normalised");
    input->add_option("--image", image_, "Image file, for a detector or segmenter");
    input->require_option(1);
    app.add_option("--output", output_,
                   "safetensors file to write: \"logits\"; from an image all stages")
        ->required();
    app.add_flag("--features", features_, "Write the feature maps \"feature_0\"... instead");
    app.add_option("--objects", objects_, "JSON file to write with the objects a detector finds");
    app.add_flag("--source-logits", source_logits_,
                 "Write some of a segmenter's logits at the size of the image, and their margins");
  }

  absl::Status Run() override {
    LM_ASSIGN_OR_RETURN(const VersionOnDisk version, engine_.Find());
    const bool detects = version.spec.task == ModelTask::kDetection;
    const bool segments = version.spec.task == ModelTask::kSegmentation;
    if (!objects_.empty() && !detects) {
      return absl::InvalidArgumentError("--objects is for detectors, which the model is not");
    }
    if (source_logits_ && !segments) {
      return absl::InvalidArgumentError(
          "--source-logits is for segmenters, which the model is not");
    }
    if (detects || segments) return RunOnImage(version);
    if (!image_.empty()) {
      return absl::InvalidArgumentError("--image is for detectors and segmenters, not this model");
    }
    return RunNetwork();
  }

 private:
  absl::Status RunOnImage(const VersionOnDisk& version) const {
    const bool detects = version.spec.task == ModelTask::kDetection;
    if (image_.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--input: the model is a ", detects ? "detector" : "segmenter", ", which takes --image"));
    }
    if (features_) {
      return absl::InvalidArgumentError("--features: from an image all stages are written");
    }
    LM_ASSIGN_OR_RETURN(const EngineOptions options, engine_.Options());
    return detects ? ForwardDetector(version, options, {image_, output_, objects_})
                   : ForwardSegmenter(version, options, {image_, output_, source_logits_});
  }

  absl::Status RunNetwork() const {
    LM_ASSIGN_OR_RETURN(const Tensor input, ReadInput(input_));
    LM_ASSIGN_OR_RETURN(const std::shared_ptr<ModelVersion> version, engine_.Load());
    LM_ASSIGN_OR_RETURN(const EngineOutput output, version->engines.front()->Run(input));
    LM_ASSIGN_OR_RETURN(const NamedTensors tensors, Select(output));
    LM_RETURN_IF_ERROR(WriteSafetensors(output_, tensors));
    PrintTensors(tensors);
    return absl::OkStatus();
  }

  [[nodiscard]] absl::StatusOr<NamedTensors> Select(const EngineOutput& output) const {
    NamedTensors tensors;
    if (!features_) {
      if (output.logits.empty()) {
        return absl::InvalidArgumentError("the model has no head, only --features");
      }
      tensors["logits"] = output.logits;
      return tensors;
    }
    if (output.features.empty()) {
      return absl::InvalidArgumentError("--features: the model's out_indices are empty");
    }
    for (size_t i = 0; i < output.features.size(); ++i) {
      tensors[absl::StrCat("feature_", i)] = output.features[i];
    }
    return tensors;
  }

  EngineFlags engine_;
  std::string input_;
  std::string image_;
  std::string output_;
  std::string objects_;
  bool features_ = false;
  bool source_logits_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeForwardCommand(CLI::App& app) {
  return std::make_unique<ForwardCommand>(app);
}

}  // namespace localmamba::tool
