#include "server/rpc/vision_conversion.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "server/rpc/status_conversion.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {
namespace {

constexpr size_t kMaxRequestIdBytes = 256;

absl::Span<const uint8_t> BytesOf(const std::string& bytes) {
  return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
}

absl::StatusOr<std::string> ToVersion(const v1::ModelReference& model) {
  switch (model.version_case()) {
    case v1::ModelReference::kNumber:
      if (model.number() >= 1) return absl::StrCat(model.number());
      return InvalidRequest(
          absl::StrCat("model.number: found ", model.number(), ", wanted a version from 1"));
    case v1::ModelReference::kLabel:
      if (!model.label().empty()) return model.label();
      return InvalidRequest("model.label: found \"\", wanted a label or the field unset");
    case v1::ModelReference::VERSION_NOT_SET:
      break;
  }
  return "";
}

absl::StatusOr<ImageSource> ToImageSource(const v1::Image& image) {
  switch (image.source_case()) {
    case v1::Image::kEncoded:
      return EncodedImage{BytesOf(image.encoded())};
    case v1::Image::kRaw:
      return RawImage{.height = image.raw().height(),
                      .width = image.raw().width(),
                      .rgb = BytesOf(image.raw().rgb())};
    case v1::Image::SOURCE_NOT_SET:
      break;
  }
  return InvalidRequest("image: found none, wanted image.encoded or image.raw");
}

void ToProto(absl::Duration duration, google::protobuf::Duration& proto) {
  proto.set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &duration));
  proto.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(duration)));
}

void ToProto(const StageTimings& timings, v1::Timings& proto) {
  ToProto(timings.preprocess, *proto.mutable_preprocess());
  ToProto(timings.queue, *proto.mutable_queue());
  ToProto(timings.compute, *proto.mutable_compute());
  ToProto(timings.postprocess, *proto.mutable_postprocess());
  ToProto(timings.total, *proto.mutable_total());
  proto.set_batch_size(static_cast<int32_t>(timings.batch_size));
}

void ToProto(const ServedModels::Listed& listed, bool ready, v1::ServedVersion& proto) {
  const ServedVersion& version = *listed.version;
  const ModelVersion& model = version.model();
  proto.set_model(model.model);
  proto.set_version(model.version);
  for (const std::string& label : listed.labels) proto.add_labels(label);
  proto.set_task(model.spec.task == ModelTask::kClassification
                     ? v1::ServedVersion::TASK_CLASSIFICATION
                     : v1::ServedVersion::TASK_FEATURES);
  proto.set_num_classes(static_cast<int32_t>(version.num_classes()));
  proto.set_input_height(static_cast<int32_t>(model.spec.preprocess.crop_height));
  proto.set_input_width(static_cast<int32_t>(model.spec.preprocess.crop_width));
  proto.set_ready(ready);
  proto.set_description(model.spec.description);
}

// Of a message with the fields that every request about one image has.
template <class Request>
absl::StatusOr<ImageRequest> Convert(const Request& request, CallContext context) {
  LM_ASSIGN_OR_RETURN(std::string version, ToVersion(request.model()));
  LM_ASSIGN_OR_RETURN(const ImageSource source, ToImageSource(request.image()));
  ImageRequest result{.model = request.model().name(),
                      .version = std::move(version),
                      .image = source,
                      .scheduling = {.priority = request.priority(), .queue_timeout = {}},
                      .context = std::move(context)};
  if (request.has_queue_timeout()) {
    result.scheduling.queue_timeout = absl::Seconds(request.queue_timeout().seconds()) +
                                      absl::Nanoseconds(request.queue_timeout().nanos());
  }
  return result;
}

}  // namespace

absl::StatusOr<ImageRequest> ToImageRequest(const v1::ClassifyRequest& request,
                                            CallContext context) {
  return Convert(request, std::move(context));
}

absl::StatusOr<ImageRequest> ToImageRequest(const v1::EmbedRequest& request, CallContext context) {
  return Convert(request, std::move(context));
}

absl::Status CheckRequestId(const std::string& request_id) {
  if (request_id.size() <= kMaxRequestIdBytes) return absl::OkStatus();
  return InvalidRequest(absl::StrCat("request_id: found ", request_id.size(),
                                     " bytes, wanted at most ", kMaxRequestIdBytes));
}

void ToProto(const Classification& classification, v1::ClassifyResponse& response) {
  for (const ClassScore& score : classification.classes) {
    v1::ClassScore& proto = *response.add_classes();
    proto.set_id(static_cast<int32_t>(score.class_id));
    proto.set_name(score.name);
    proto.set_score(score.probability);
  }
  response.mutable_model()->set_name(classification.model);
  response.mutable_model()->set_number(classification.version);
  ToProto(classification.timings, *response.mutable_timings());
}

void ToProto(const absl::Status& status, v1::FrameError& error) {
  const grpc::Status wire = ToGrpcStatus(status);
  error.set_code(wire.error_code());
  error.set_message(wire.error_message());
  if (const std::optional<absl::Duration> delay = RetryDelay(status); delay.has_value()) {
    ToProto(*delay, *error.mutable_retry_delay());
  }
}

void ToProto(const Embedding& embedding, v1::EmbedResponse& response) {
  response.mutable_features()->Add(embedding.features.begin(), embedding.features.end());
  response.mutable_model()->set_name(embedding.model);
  response.mutable_model()->set_number(embedding.version);
  ToProto(embedding.timings, *response.mutable_timings());
}

void ToProto(const ServedModels& models, bool ready, v1::ListModelsResponse& response) {
  for (const ServedModels::Listed& version : models.List()) {
    ToProto(version, ready, *response.add_versions());
  }
}

}  // namespace localmamba::server
