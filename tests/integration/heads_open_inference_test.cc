// Detectors and segmenters by the Open Inference Protocol, next to what Detect and Segment say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "inference/grpc_service.grpc.pb.h"
#include "server/rpc/open_inference/tensor_contents.h"
#include "tests/integration/heads_serving.h"
#include "tests/support/infer_requests.h"

namespace localmamba::server {
namespace {

using inference::ModelInferRequest;
using inference::ModelInferResponse;
using testing::ElementsAre;
using testing::HasSubstr;

// Images of one size, raw.
ModelInferRequest PicturesOf(const std::string& model, const std::vector<v1::Image>& images) {
  const v1::RawImage& first = images.front().raw();
  ModelInferRequest request = InferRequestOf(
      "pixels", "UINT8", {static_cast<int64_t>(images.size()), first.height(), first.width(), 3});
  request.set_model_name(model);
  std::string& raw = *request.add_raw_input_contents();
  for (const v1::Image& image : images) raw += image.raw().rgb();
  return request;
}

class HeadsOpenInferenceTest : public HeadsServingTest {
 protected:
  [[nodiscard]] grpc::Status Infer(const ModelInferRequest& request,
                                   ModelInferResponse& response) const {
    grpc::ClientContext context;
    SetDeadline(context);
    return oip_->ModelInfer(&context, request, &response);
  }

  [[nodiscard]] ModelInferResponse Infer(const ModelInferRequest& request) const {
    ModelInferResponse response;
    const grpc::Status status = Infer(request, response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  const std::unique_ptr<inference::GRPCInferenceService::Stub> oip_ =
      inference::GRPCInferenceService::NewStub(
          grpc::CreateChannel(server_.target(), grpc::InsecureChannelCredentials()));
};

TEST_F(HeadsOpenInferenceTest, ADetectorsTensorsHoldWhatDetectFinds) {
  constexpr int kRows = 10;  // the model's max_detections
  v1::Image upside_down = RawPicture(40, 60);
  std::string& rgb = *upside_down.mutable_raw()->mutable_rgb();
  rgb.assign(rgb.rbegin(), rgb.rend());
  const std::vector<v1::Image> images = {RawPicture(40, 60), upside_down};
  const ModelInferResponse response = Infer(PicturesOf("detector", images));
  ASSERT_EQ(response.outputs_size(), 6);
  EXPECT_EQ(response.outputs(0).name(), "boxes");
  EXPECT_EQ(response.outputs(0).datatype(), "FP32");
  EXPECT_THAT(response.outputs(0).shape(), ElementsAre(2, kRows, 4));
  EXPECT_EQ(response.outputs(4).name(), "masks");
  EXPECT_EQ(response.outputs(4).datatype(), "BYTES");
  const auto boxes = ValuesOf<float>(response.raw_output_contents(0));
  const auto scores = ValuesOf<float>(response.raw_output_contents(1));
  const auto classes = ValuesOf<int32_t>(response.raw_output_contents(2));
  const auto counts = ValuesOf<int32_t>(response.raw_output_contents(3));
  const std::string& raw = response.raw_output_contents(4);
  const auto masks = SplitRawBytes({.name = "masks", .elements = 2 * kRows},
                                   {reinterpret_cast<const uint8_t*>(raw.data()), raw.size()});
  ASSERT_TRUE(masks.ok()) << masks.status();
  EXPECT_THAT(ValuesOf<int32_t>(response.raw_output_contents(5)), ElementsAre(40, 60, 40, 60));

  for (size_t i = 0; i < images.size(); ++i) {
    v1::DetectRequest request;
    *request.mutable_image() = images[i];
    request.mutable_model()->set_name("detector");
    request.set_mask_format(v1::MASK_FORMAT_COCO_RLE);
    v1::DetectResponse expected;
    ASSERT_TRUE(Ask(request, expected).ok());
    ASSERT_EQ(counts[i], expected.detections_size());
    for (int j = 0; j < kRows; ++j) {
      const size_t row = i * kRows + static_cast<size_t>(j);
      const bool found = j < expected.detections_size();
      const v1::Detection one = found ? expected.detections(j) : v1::Detection();
      EXPECT_EQ(boxes[4 * row + 3], one.box().y_max());
      EXPECT_EQ(scores[row], one.score());
      EXPECT_EQ(classes[row], one.class_id());
      EXPECT_EQ(std::string((*masks)[row].begin(), (*masks)[row].end()), one.coco_mask().counts());
    }
  }
}

TEST_F(HeadsOpenInferenceTest, FilesOfDifferentSizesCanBeDetectedTogether) {
  ModelInferRequest request = InferRequestOf("encoded", "BYTES", {2});
  request.set_model_name("detector");
  std::string& raw = *request.add_raw_input_contents();
  for (const int side : {20, 50}) {
    const Bytes png = EncodePng(MakeImage(side, side));
    AppendRawBytes({reinterpret_cast<const char*>(png.data()), png.size()}, raw);
  }
  request.add_outputs()->set_name("image_sizes");
  const ModelInferResponse response = Infer(request);
  ASSERT_EQ(response.outputs_size(), 1);
  EXPECT_THAT(ValuesOf<int32_t>(response.raw_output_contents(0)), ElementsAre(20, 20, 50, 50));
}

TEST_F(HeadsOpenInferenceTest, ASegmentersTensorIsTheLabelMap) {
  const ModelInferResponse response = Infer(PicturesOf("segmenter", {RawPicture(30, 45)}));
  ASSERT_EQ(response.outputs_size(), 1);
  EXPECT_EQ(response.outputs(0).name(), "labels");
  EXPECT_EQ(response.outputs(0).datatype(), "UINT8");
  EXPECT_THAT(response.outputs(0).shape(), ElementsAre(1, 30, 45));
  v1::SegmentRequest request;
  *request.mutable_image() = RawPicture(30, 45);
  request.mutable_model()->set_name("segmenter");
  v1::SegmentResponse expected;
  ASSERT_TRUE(Ask(request, expected).ok());
  std::vector<int64_t> areas(5);
  for (const char label : response.raw_output_contents(0)) ++areas[static_cast<size_t>(label)];
  for (const v1::SegmentedClass& one : expected.classes()) {
    EXPECT_EQ(areas[static_cast<size_t>(one.id())], one.area());
  }
}

TEST_F(HeadsOpenInferenceTest, LabelMapsOfDifferentSizesDoNotFitIntoOneTensor) {
  ModelInferRequest request = InferRequestOf("encoded", "BYTES", {2});
  request.set_model_name("segmenter");
  std::string& raw = *request.add_raw_input_contents();
  for (const int side : {20, 50}) {
    const Bytes png = EncodePng(MakeImage(side, side));
    AppendRawBytes({reinterpret_cast<const char*>(png.data()), png.size()}, raw);
  }
  ModelInferResponse response;
  const grpc::Status status = Infer(request, response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(),
              HasSubstr("found one of 20 x 20 and, as number 1, one of 50 x 50 pixels"));
}

TEST_F(HeadsOpenInferenceTest, AnImageThatIsNoneIsNamed) {
  ModelInferRequest request = InferRequestOf("encoded", "BYTES", {2});
  request.set_model_name("detector");
  std::string& raw = *request.add_raw_input_contents();
  const Bytes png = EncodePng(MakeImage(20, 20));
  AppendRawBytes({reinterpret_cast<const char*>(png.data()), png.size()}, raw);
  AppendRawBytes("no picture", raw);
  ModelInferResponse response;
  const grpc::Status status = Infer(request, response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("image 1 of 2: "));
}

TEST_F(HeadsOpenInferenceTest, ClassesOfATensorThatHasNoneAreRefused) {
  ModelInferRequest request = PicturesOf("detector", {RawPicture(20, 20)});
  request.add_outputs()->set_name("scores");
  (*request.mutable_outputs(0)->mutable_parameters())["classification"].set_int64_param(3);
  ModelInferResponse response;
  const grpc::Status status = Infer(request, response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("output \"scores\": found classification"));
}

TEST_F(HeadsOpenInferenceTest, MetadataAndConfigurationTellOfImagesOfAnySize) {
  inference::ModelMetadataRequest request;
  request.set_name("detector");
  inference::ModelMetadataResponse metadata;
  grpc::ClientContext context;
  SetDeadline(context);
  ASSERT_TRUE(oip_->ModelMetadata(&context, request, &metadata).ok());
  ASSERT_EQ(metadata.inputs_size(), 1);
  EXPECT_EQ(metadata.inputs(0).name(), "pixels");
  EXPECT_THAT(metadata.inputs(0).shape(), ElementsAre(-1, -1, -1, 3));
  ASSERT_EQ(metadata.outputs_size(), 6);
  EXPECT_THAT(metadata.outputs(0).shape(), ElementsAre(-1, 10, 4));

  inference::ModelConfigRequest config_request;
  config_request.set_name("segmenter");
  inference::ModelConfigResponse config;
  grpc::ClientContext config_context;
  SetDeadline(config_context);
  ASSERT_TRUE(oip_->ModelConfig(&config_context, config_request, &config).ok());
  ASSERT_EQ(config.config().output_size(), 1);
  EXPECT_THAT(config.config().output(0).dims(), ElementsAre(-1, -1));
  EXPECT_EQ(config.config().output(0).data_type(), inference::TYPE_UINT8);
}

}  // namespace
}  // namespace localmamba::server
