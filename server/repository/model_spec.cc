#include "server/repository/model_spec.h"

#include <cctype>
#include <memory>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"
#include "localmamba/v1/model.pb.h"
#include "model/weights/atomic_file.h"
#include "model/weights/mapped_file.h"
#include "server/repository/json_layout.h"
#include "server/repository/model_spec_proto.h"
#include "server/repository/proto_json.h"

namespace localmamba {
namespace {

constexpr size_t kMaxLabelLength = 64;

bool IsVersionLabel(absl::string_view text) {
  if (text.empty() || text.size() > kMaxLabelLength ||
      std::isalpha(static_cast<unsigned char>(text[0])) == 0)
    return false;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_' && c != '-' && c != '.') {
      return false;
    }
  }
  return true;
}

absl::Status ValidateVersionLabels(const std::map<std::string, int64_t>& labels) {
  for (const auto& [label, version] : labels) {
    if (!IsVersionLabel(label)) {
      return absl::InvalidArgumentError(
          absl::StrCat("version_labels has \"", label, "\", wanted at most ", kMaxLabelLength,
                       " letters, digits, '_', '-' or '.', the first a letter"));
    }
    if (version < 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("version_labels \"", label, "\" is ", version, ", wanted a version from 1"));
    }
  }
  return absl::OkStatus();
}

absl::Status ValidateTask(const ModelSpec& spec) {
  const bool has_features =
      std::visit([](const auto& config) { return !config.out_indices.empty(); }, spec.network);
  if (spec.task == ModelTask::kClassification && NumClasses(spec.network) == 0) {
    return absl::InvalidArgumentError("task is TASK_CLASSIFICATION, but num_classes is 0");
  }
  if (spec.task == ModelTask::kFeatures && !has_features) {
    return absl::InvalidArgumentError("task is TASK_FEATURES, but out_indices is empty");
  }
  const bool detects = std::holds_alternative<DetectionConfig>(spec.head);
  if (detects != (spec.task == ModelTask::kDetection)) {
    return absl::InvalidArgumentError(detects ? "detection is given, but task is not TASK_DETECTION"
                                              : "task is TASK_DETECTION, but detection is missing");
  }
  const bool segments = std::holds_alternative<SegmentationConfig>(spec.head);
  if (segments != (spec.task == ModelTask::kSegmentation)) {
    return absl::InvalidArgumentError(
        segments ? "segmentation is given, but task is not TASK_SEGMENTATION"
                 : "task is TASK_SEGMENTATION, but segmentation is missing");
  }
  return absl::OkStatus();
}

absl::Status ValidatePreprocess(const ModelSpec& spec) {
  LM_RETURN_IF_ERROR(Annotate(Validate(spec.preprocess), "preprocess"));
  const bool has_head = !std::holds_alternative<std::monostate>(spec.head);
  if (spec.keep_ratio.has_value() != has_head) {
    return absl::InvalidArgumentError(has_head ? "preprocess.keep_ratio is missing"
                                               : "preprocess.keep_ratio is for detection and "
                                                 "segmentation only");
  }
  return has_head ? Annotate(Validate(*spec.keep_ratio), "preprocess.keep_ratio")
                  : absl::OkStatus();
}

absl::string_view HeadField(const HeadConfig& head) {
  return std::holds_alternative<DetectionConfig>(head) ? "detection" : "segmentation";
}

absl::string_view FamilyField(const NetworkConfig& config) {
  return std::holds_alternative<LocalVimConfig>(config) ? "local_vim" : "local_vmamba";
}

absl::StatusOr<ModelSpec> Parse(absl::string_view json) {
  v1::ModelSpec proto;
  LM_RETURN_IF_ERROR(ParseProtoJson(json, kMaxModelSpecBytes, proto));
  LM_ASSIGN_OR_RETURN(ModelSpec spec, ModelSpecFromProto(proto));
  LM_RETURN_IF_ERROR(Validate(spec));
  return spec;
}

}  // namespace

int64_t NumClasses(const NetworkConfig& config) {
  return std::visit([](const auto& family) { return family.num_classes; }, config);
}

int64_t NumClasses(const ModelSpec& spec) { return NumClasses(spec.head, spec.network); }

absl::string_view ToString(ModelTask task) {
  switch (task) {
    case ModelTask::kClassification:
      return "classification";
    case ModelTask::kFeatures:
      return "features";
    case ModelTask::kDetection:
      return "detection";
    case ModelTask::kSegmentation:
      return "segmentation";
  }
  return "unknown";
}

InputSize LargestInput(const ModelSpec& spec) {
  if (spec.keep_ratio.has_value()) return LargestInput(*spec.keep_ratio);
  return {spec.preprocess.crop_height, spec.preprocess.crop_width};
}

int64_t PooledWidth(const NetworkConfig& config) {
  if (const auto* vim = std::get_if<LocalVimConfig>(&config)) return vim->embed_dim;
  return std::get<LocalVMambaConfig>(config).dims.back();
}

absl::Status Validate(const ModelSpec& spec) {
  LM_RETURN_IF_ERROR(Annotate(Validate(spec.network), FamilyField(spec.network)));
  LM_RETURN_IF_ERROR(ValidateTask(spec));
  LM_RETURN_IF_ERROR(Annotate(Validate(spec.head, spec.network), HeadField(spec.head)));
  LM_RETURN_IF_ERROR(ValidatePreprocess(spec));
  LM_RETURN_IF_ERROR(ValidateVersionLabels(spec.version_labels));
  return Validate(spec.version_policy);
}

absl::StatusOr<ModelSpec> ParseModelSpec(absl::string_view json, absl::string_view source) {
  absl::StatusOr<ModelSpec> spec = Parse(json);
  if (!spec.ok()) return Annotate(spec.status(), source);
  return spec;
}

std::string FormatModelSpec(const ModelSpec& spec) {
  nlohmann::ordered_json json = ProtoToJson(ModelSpecToProto(spec));
  // Protobuf writes 64-bit integers as text; both forms are read.
  for (auto& [label, version] : json["version_labels"].items())
    version = spec.version_labels.at(label);
  if (const auto* latest = std::get_if<LatestVersions>(&spec.version_policy)) {
    json["version_policy"]["latest"]["num_versions"] = latest->count;
  } else if (const auto* specific = std::get_if<SpecificVersions>(&spec.version_policy)) {
    json["version_policy"]["specific"]["versions"] = specific->versions;
  }
  return LayOutJson(json);
}

absl::StatusOr<ModelSpec> ReadModelSpec(const std::string& path) {
  LM_ASSIGN_OR_RETURN(const std::shared_ptr<MappedFile> file, MappedFile::Open(path));
  const absl::Span<const std::byte> bytes = file->bytes();
  return ParseModelSpec({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path);
}

absl::Status WriteModelSpec(const ModelSpec& spec, const std::string& path) {
  return WriteFileAtomically(path, FormatModelSpec(spec));
}

}  // namespace localmamba
