// localmamba_tool evaluate: accuracy of a model version on a data set.
#include <cmath>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "tool/command.h"
#include "tool/engine_flags.h"
#include "tool/evaluate_options.h"

namespace localmamba::tool {
namespace {

class EvaluateCommand final : public Command {
 public:
  explicit EvaluateCommand(CLI::App& app) {
    engine_.AddFlags(app);
    app.add_option("--data", options_.data,
                   "Folder, or tar file of one. Of a classifier: PART/CLASS/*.jpg; of a detector: "
                   "the images; of a segmenter: images/PART/*.jpg and annotations/PART/*.png")
        ->required();
    app.add_option("--part", options_.part, "Part of the data (default: val)");
    app.add_option("--batch", options_.batch,
                   "Images that are run at once (default: 64 of a classifier, else 1)")
        ->check(CLI::Range(int64_t{1}, int64_t{4096}));
    app.add_option("--limit", options_.limit, "So many images, evenly spaced (default: all)")
        ->check(CLI::Range(int64_t{1}, int64_t{1} << 40));
    app.add_option("--max-unreadable-share", options_.max_unreadable_share,
                   "Largest share of images that may be unreadable; they are left out")
        ->check(CLI::Range(0.0, 1.0))
        ->capture_default_str();
    app.add_flag("--json", options_.json, "Print JSON");
    app.add_option("--annotations", options_.annotations,
                   "Of a detector: the objects, as COCO's instances_*.json");
    app.add_option("--results", options_.results,
                   "Of a detector: write what it finds, as COCO's results, to PREFIX.bbox.json and "
                   "PREFIX.segm.json");
    app.add_flag("--reduce-zero-label", options_.reduce_zero_label,
                 "Of a segmenter: label 0 is ignored and the others count from 1, as in ADE20K");
    app.add_option("--mode", options_.mode,
                   "Of a segmenter: the whole image, or windows (default: as the model says)")
        ->check(CLI::IsMember({"whole", "slide"}));
  }

  absl::Status Run() override {
    LM_ASSIGN_OR_RETURN(const VersionOnDisk found, engine_.Find());
    const ModelTask task = found.spec.task;
    LM_RETURN_IF_ERROR(CheckFlags(task));
    if (NumClasses(found.spec) == 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "model \"", found.folder.name, "\" has no classes, wanted one that classifies"));
    }
    LM_ASSIGN_OR_RETURN(const std::shared_ptr<ModelVersion> version, engine_.Load());
    if (task == ModelTask::kDetection) return EvaluateDetector(*version, options_);
    if (task == ModelTask::kSegmentation) return EvaluateSegmenter(*version, options_);
    return EvaluateClassifier(*version, options_);
  }

 private:
  [[nodiscard]] absl::Status CheckFlags(ModelTask task) const {
    const bool detects = task == ModelTask::kDetection;
    const bool segments = task == ModelTask::kSegmentation;
    const auto wants = [](absl::string_view flag, absl::string_view models) {
      return absl::InvalidArgumentError(
          absl::StrCat(flag, " is for ", models, ", which the model is not"));
    };
    if (!detects && !options_.annotations.empty()) return wants("--annotations", "detectors");
    if (!detects && !options_.results.empty()) return wants("--results", "detectors");
    if (!segments && options_.reduce_zero_label) return wants("--reduce-zero-label", "segmenters");
    if (!segments && !options_.mode.empty()) return wants("--mode", "segmenters");
    if (detects && options_.part.has_value()) {
      return absl::InvalidArgumentError("--part: a detector's data are named by --annotations");
    }
    if (detects && options_.annotations.empty()) {
      return absl::InvalidArgumentError("--annotations is required to evaluate a detector");
    }
    if (segments && options_.batch > 1) {
      return absl::InvalidArgumentError("--batch: a segmenter takes one image at a time");
    }
    // Comparisons let NaN through the range.
    if (std::isnan(options_.max_unreadable_share)) {
      return absl::InvalidArgumentError("--max-unreadable-share: \"nan\", wanted 0 to 1");
    }
    return absl::OkStatus();
  }

  EngineFlags engine_;
  EvaluateOptions options_;
};

}  // namespace

std::unique_ptr<Command> MakeEvaluateCommand(CLI::App& app) {
  return std::make_unique<EvaluateCommand>(app);
}

}  // namespace localmamba::tool
