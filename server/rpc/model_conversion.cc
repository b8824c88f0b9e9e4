#include "server/rpc/model_conversion.h"

#include <string>

#include "kernels/base/status_macros.h"
#include "server/rpc/vision_conversion.h"

namespace localmamba::server {
namespace {

v1::ServedVersion::Task ToProto(ModelTask task) {
  switch (task) {
    case ModelTask::kClassification:
      return v1::ServedVersion::TASK_CLASSIFICATION;
    case ModelTask::kFeatures:
      return v1::ServedVersion::TASK_FEATURES;
    case ModelTask::kDetection:
      return v1::ServedVersion::TASK_DETECTION;
    case ModelTask::kSegmentation:
      return v1::ServedVersion::TASK_SEGMENTATION;
  }
  return v1::ServedVersion::TASK_UNSPECIFIED;
}

void ToProto(const ServedModels::Listed& listed, bool ready, v1::ServedVersion& proto) {
  const ModelVersion& model = listed.version->model();
  proto.set_model(model.model);
  proto.set_version(model.version);
  for (const std::string& label : listed.labels) proto.add_labels(label);
  proto.set_task(ToProto(model.spec.task));
  proto.set_num_classes(static_cast<int32_t>(NumClasses(model.spec)));
  if (!model.spec.keep_ratio.has_value()) {
    proto.set_input_height(static_cast<int32_t>(model.spec.preprocess.crop_height));
    proto.set_input_width(static_cast<int32_t>(model.spec.preprocess.crop_width));
  }
  proto.set_ready(ready);
  proto.set_description(model.spec.description);
}

}  // namespace

void ToProto(const ServedModels& models, bool ready, v1::ListModelsResponse& response) {
  for (const ServedModels::Listed& version : models.List()) {
    ToProto(version, ready, *response.add_versions());
  }
}

absl::Status DescribeModel(const ServedModels& models, bool ready,
                           const v1::GetModelRequest& request, v1::GetModelResponse& response) {
  LM_ASSIGN_OR_RETURN(const std::string number_or_label, ToVersion(request.model()));
  LM_ASSIGN_OR_RETURN(const ServedModels::Handle version,
                      models.Find(request.model().name(), number_or_label));
  const ModelVersion& model = version->model();
  ServedModels::Listed listed{.version = version, .labels = {}};
  for (const auto& [label, number] : models.LabelsOf(model.model)) {
    if (number == model.version) listed.labels.push_back(label);
  }
  ToProto(listed, ready, *response.mutable_version());
  for (size_t i = 0; i < model.labels.size(); ++i) {
    v1::ClassDescription& description = *response.add_classes();
    description.set_id(static_cast<int32_t>(i));
    description.set_name(model.labels[i]);
    ToProto(model.colors[i], *description.mutable_color());
  }
  return absl::OkStatus();
}

}  // namespace localmamba::server
