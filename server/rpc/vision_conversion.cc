#include "server/rpc/vision_conversion.h"

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/strings/str_cat.h"
#include "kernels/detection/run_lengths.h"
#include "server/rpc/status_conversion.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {
namespace {

constexpr size_t kMaxRequestIdBytes = 256;

absl::Span<const uint8_t> BytesOf(const std::string& bytes) {
  return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
}

void ToProto(absl::Duration duration, google::protobuf::Duration& proto) {
  proto.set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &duration));
  proto.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(duration)));
}

// For a value that is not of the enum.
template <class Enum>
absl::Status UnknownValue(absl::string_view field, Enum found) {
  return InvalidRequest(
      absl::StrCat(field, ": found ", static_cast<int>(found), ", wanted a value of the enum"));
}

}  // namespace

absl::Status CheckRequestId(const std::string& request_id) {
  if (request_id.size() <= kMaxRequestIdBytes) return absl::OkStatus();
  return InvalidRequest(absl::StrCat("request_id: found ", request_id.size(),
                                     " bytes, wanted at most ", kMaxRequestIdBytes));
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

absl::Duration ToDuration(const google::protobuf::Duration& proto) {
  return absl::Seconds(proto.seconds()) + absl::Nanoseconds(proto.nanos());
}

absl::StatusOr<ClassifyQuestion> ToQuestion(const v1::ClassifyRequest& request) {
  ClassifyQuestion question;
  if (request.has_top_k()) question.top_k = request.top_k();
  return question;
}

absl::StatusOr<EmbedQuestion> ToQuestion(const v1::EmbedRequest& /*request*/) {
  return EmbedQuestion();
}

absl::StatusOr<DetectQuestion> ToQuestion(const v1::DetectRequest& request) {
  using Masks = DetectQuestion::Masks;
  const v1::ClassFilter& filter = request.class_filter();
  DetectQuestion question{.score_threshold = request.score_threshold(),
                          .class_ids = {filter.ids().begin(), filter.ids().end()},
                          .class_names = {filter.names().begin(), filter.names().end()}};
  if (request.has_max_detections()) question.max_detections = request.max_detections();
  switch (request.mask_format()) {
    case v1::MASK_FORMAT_UNSPECIFIED:
    case v1::MASK_FORMAT_NONE:
      question.masks = Masks::kNone;
      return question;
    case v1::MASK_FORMAT_COCO_RLE:
      question.masks = Masks::kRunLengths;
      return question;
    case v1::MASK_FORMAT_POLYGONS:
      question.masks = Masks::kOutlines;
      return question;
    default:
      return UnknownValue("mask_format", request.mask_format());
  }
}

absl::StatusOr<SegmentQuestion> ToQuestion(const v1::SegmentRequest& request) {
  using Format = SegmentQuestion::Format;
  SegmentQuestion question{.confidence = request.confidence()};
  switch (request.format()) {
    case v1::SegmentRequest::FORMAT_UNSPECIFIED:
    case v1::SegmentRequest::FORMAT_PNG:
      question.format = Format::kPng;
      return question;
    case v1::SegmentRequest::FORMAT_COCO_RLE:
      question.format = Format::kRunLengths;
      return question;
    default:
      return UnknownValue("format", request.format());
  }
}

void ToProto(const Classification& classification, v1::ClassifyResponse& response) {
  for (const ClassScore& score : classification.classes) {
    v1::ClassScore& proto = *response.add_classes();
    proto.set_id(static_cast<int32_t>(score.class_id));
    proto.set_name(score.name);
    proto.set_score(score.probability);
  }
}

void ToProto(const Embedding& embedding, v1::EmbedResponse& response) {
  response.mutable_features()->Add(embedding.features.begin(), embedding.features.end());
}

void ToProto(const FoundObjects& found, v1::DetectResponse& response) {
  response.set_image_height(static_cast<int32_t>(found.image_height));
  response.set_image_width(static_cast<int32_t>(found.image_width));
  for (const FoundObject& object : found.objects) {
    v1::Detection& proto = *response.add_detections();
    proto.mutable_box()->set_x_min(object.box.x1);
    proto.mutable_box()->set_y_min(object.box.y1);
    proto.mutable_box()->set_x_max(object.box.x2);
    proto.mutable_box()->set_y_max(object.box.y2);
    proto.set_class_id(static_cast<int32_t>(object.class_id));
    proto.set_class_name(object.class_name);
    proto.set_score(object.score);
    if (object.mask.has_value()) ToProto(*object.mask, *proto.mutable_coco_mask());
    if (!object.outlines.has_value()) continue;
    for (const Polygon& outline : *object.outlines) {
      proto.mutable_polygons()->add_polygons()->mutable_points()->Add(outline.begin(),
                                                                      outline.end());
    }
  }
}

void ToProto(const Segmentation& segmentation, v1::SegmentResponse& response) {
  response.set_image_height(static_cast<int32_t>(segmentation.image_height));
  response.set_image_width(static_cast<int32_t>(segmentation.image_width));
  response.set_label_map_png(segmentation.label_map_png);
  for (const ImageRegion& region : segmentation.regions) {
    v1::SegmentedClass& proto = *response.add_classes();
    proto.set_id(static_cast<int32_t>(region.class_id));
    proto.set_name(region.name);
    ToProto(region.color, *proto.mutable_color());
    proto.set_area(region.area);
    if (region.confidence.has_value()) proto.set_confidence(*region.confidence);
    if (region.mask.height > 0) ToProto(region.mask, *proto.mutable_mask());
  }
}

void ToProto(const StageTimings& timings, v1::Timings& proto) {
  ToProto(timings.preprocess, *proto.mutable_preprocess());
  ToProto(timings.queue, *proto.mutable_queue());
  ToProto(timings.compute, *proto.mutable_compute());
  ToProto(timings.postprocess, *proto.mutable_postprocess());
  ToProto(timings.total, *proto.mutable_total());
  proto.set_batch_size(static_cast<int32_t>(timings.batch_size));
}

void ToProto(const Color& color, v1::Color& proto) {
  proto.set_red(color[0]);
  proto.set_green(color[1]);
  proto.set_blue(color[2]);
}

void ToProto(const RunLengths& mask, v1::CocoMask& proto) {
  proto.add_size(static_cast<int32_t>(mask.height));
  proto.add_size(static_cast<int32_t>(mask.width));
  proto.set_counts(FormatRunLengths(mask));
}

void ToProto(const absl::Status& status, v1::FrameError& error) {
  const grpc::Status wire = ToGrpcStatus(status);
  error.set_code(wire.error_code());
  error.set_message(wire.error_message());
  if (const std::optional<absl::Duration> delay = RetryDelay(status); delay.has_value()) {
    ToProto(*delay, *error.mutable_retry_delay());
  }
}

void Describe(const VisionAnswer& answer, RequestRecord& record) {
  record.model = answer.model;
  record.version = answer.version;
  record.preprocess = answer.timings.preprocess;
  record.queue = answer.timings.queue;
  record.compute = answer.timings.compute;
  record.postprocess = answer.timings.postprocess;
  record.batch_size = answer.timings.batch_size;
}

}  // namespace localmamba::server
