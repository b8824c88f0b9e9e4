#include "tool/model_source.h"

#include <cstdio>
#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "kernels/base/status_macros.h"
#include "model/heads/detector_variants.h"
#include "model/heads/segmenter_variants.h"
#include "model/networks/variants.h"
#include "model/vision/labels.h"
#include "server/repository/class_table.h"
#include "server/repository/model_folder.h"

namespace localmamba::tool {

absl::StatusOr<ModelSpec> VariantSpec(const std::string& variant) {
  ModelSpec spec;
  spec.description = variant;
  const absl::StatusOr<DetectorVariant> detector = DetectorVariantConfig(variant);
  if (detector.ok()) {
    spec.network = detector->backbone;
    spec.head = detector->detection;
    spec.keep_ratio = detector->preprocess;
    spec.task = ModelTask::kDetection;
    return spec;
  }
  const absl::StatusOr<SegmenterVariant> segmenter = SegmenterVariantConfig(variant);
  if (segmenter.ok()) {
    spec.network = segmenter->backbone;
    spec.head = segmenter->segmentation;
    spec.keep_ratio = segmenter->preprocess;
    spec.task = ModelTask::kSegmentation;
    return spec;
  }
  const absl::StatusOr<NetworkConfig> network = VariantConfig(variant);
  if (!network.ok()) {
    return absl::NotFoundError(absl::StrCat("--variant: ", network.status().message(), ", ",
                                            absl::StrJoin(DetectorVariantNames(), ", "), ", ",
                                            absl::StrJoin(SegmenterVariantNames(), ", ")));
  }
  spec.network = *network;
  spec.task = NumClasses(spec.network) > 0 ? ModelTask::kClassification : ModelTask::kFeatures;
  return spec;
}

void ModelSource::AddFlags(CLI::App& app) {
  CLI::Option_group* group = app.add_option_group("architecture");
  group->add_option("--variant", variant_, "A model of the paper, e.g. local_vssm_tiny");
  group->add_option("--spec", spec_path_, "A model.json (docs/model-format.md)");
  group->require_option(1);
}

absl::StatusOr<ModelSpec> ModelSource::Spec() const {
  return spec_path_.empty() ? VariantSpec(variant_) : ReadModelSpec(spec_path_);
}

void ModelDestination::AddFlags(CLI::App& app) {
  app.add_option("--out", out_, "Model folder to write or add a version to")
      ->required()
      ->check([](const std::string& text) {
        return text.empty() ? std::string("found \"\", wanted a folder") : std::string();
      });
  app.add_option("--version", version_, "Number of the version")
      ->check(CLI::Range(int64_t{1}, std::numeric_limits<int64_t>::max()))
      ->capture_default_str();
  app.add_option("--dtype", dtype_, "Type of the stored weights")
      ->check(CLI::IsMember({"f32", "f16", "bf16"}))
      ->capture_default_str();
  app.add_option(
      "--labels", labels_path_,
      "labels.json with the class names (default: those of ImageNet, COCO or ADE20K for a "
      "classifier, detector or segmenter of as many)");
  app.add_flag("--force", force_, "Replace a version or model.json that is there");
}

absl::StatusOr<std::string> ModelDestination::LabelsJson(const ModelSpec& spec) const {
  std::vector<std::string> labels = KnownClassNames(spec);
  if (!labels_path_.empty()) {
    LM_ASSIGN_OR_RETURN(labels, ReadLabels(labels_path_, NumClasses(spec)));
  }
  if (labels.empty()) return std::string();
  const std::vector<absl::string_view> views(labels.begin(), labels.end());
  return FormatLabels(views);
}

absl::Status ModelDestination::Write(const ModelSpec& spec, const ParameterSet& parameters) const {
  WriteModelOptions options;
  options.version = version_;
  options.overwrite = force_;
  LM_ASSIGN_OR_RETURN(options.dtype, ParseDType(dtype_));
  LM_ASSIGN_OR_RETURN(options.labels_json, LabelsJson(spec));
  const absl::Status status = WriteModel(out_, spec, parameters, options);
  if (absl::IsAlreadyExists(status)) {
    return absl::AlreadyExistsError(absl::StrCat(status.message(), " (--force replaces it)"));
  }
  LM_RETURN_IF_ERROR(status);
  std::printf("wrote %s: %lld parameters\n", VersionPath(out_, version_).c_str(),
              static_cast<long long>(parameters.TrainableElements()));
  return absl::OkStatus();
}

}  // namespace localmamba::tool
