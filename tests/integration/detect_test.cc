// Detect and DetectStream over a socket, with a tiny detector behind them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "kernels/detection/mask_polygons.h"
#include "kernels/detection/run_lengths.h"
#include "model/vision/detected_objects.h"
#include "tests/integration/heads_serving.h"

namespace localmamba::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

v1::DetectRequest RequestOf(int height, int width,
                            v1::MaskFormat masks = v1::MASK_FORMAT_COCO_RLE) {
  v1::DetectRequest request;
  *request.mutable_image() = RawPicture(height, width);
  request.mutable_model()->set_name("detector");
  request.set_mask_format(masks);
  return request;
}

// All that was found, without times.
std::string Text(const v1::DetectResponse& response) {
  std::string text;
  for (const v1::Detection& one : response.detections()) {
    absl::StrAppend(&text, one.ShortDebugString(), "\n");
  }
  return text;
}

class DetectTest : public HeadsServingTest {
 protected:
  using HeadsServingTest::HeadsServingTest;

  [[nodiscard]] v1::DetectResponse Detect(const v1::DetectRequest& request) const {
    v1::DetectResponse response;
    const grpc::Status status = Ask(request, response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
};

TEST_F(DetectTest, FindsTheObjectsOfTheModelInPixelsOfTheImage) {
  constexpr int kHeight = 50;
  constexpr int kWidth = 70;
  v1::DetectRequest request = RequestOf(kHeight, kWidth);
  request.set_request_id("picture 1");
  const v1::DetectResponse response = Detect(request);
  EXPECT_EQ(response.image_height(), kHeight);
  EXPECT_EQ(response.image_width(), kWidth);
  EXPECT_EQ(response.model().name(), "detector");
  EXPECT_EQ(response.model().number(), 1);
  EXPECT_EQ(response.request_id(), "picture 1");
  EXPECT_EQ(response.timings().batch_size(), 1);

  const PreparedImage prepared = PreparedPicture(*detector_, kHeight, kWidth);
  const Tensor input = prepared.input.Reshape({1, 3, prepared.input.dim(1), prepared.input.dim(2)});
  const std::vector<int32_t> size = {static_cast<int32_t>(prepared.geometry.resized_height),
                                     static_cast<int32_t>(prepared.geometry.resized_width)};
  const auto output =
      detector_->engines.front()->Run(input, ConstTensorView(size.data(), DType::kInt32, {1, 2}));
  ASSERT_TRUE(output.ok()) << output.status();
  const EngineDetections& found = *output->detections;
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  const auto objects = FindObjects({.count = found.counts.data<int32_t>()[0],
                                    .boxes = found.boxes.Select(0, 0),
                                    .scores = found.scores.Select(0, 0),
                                    .classes = found.classes.Select(0, 0),
                                    .mask_logits = found.mask_logits.Select(0, 0)},
                                   prepared.geometry, stream);
  ASSERT_TRUE(objects.ok()) << objects.status();
  ASSERT_GT(objects->size(), 1U) << "the test would show little";
  ASSERT_EQ(static_cast<size_t>(response.detections_size()), objects->size());
  for (size_t i = 0; i < objects->size(); ++i) {
    const v1::Detection& one = response.detections(static_cast<int>(i));
    const DetectedObject& expected = (*objects)[i];
    EXPECT_EQ(one.box().x_min(), expected.box.x1);
    EXPECT_EQ(one.box().y_min(), expected.box.y1);
    EXPECT_EQ(one.box().x_max(), expected.box.x2);
    EXPECT_EQ(one.box().y_max(), expected.box.y2);
    EXPECT_EQ(one.score(), expected.score);
    EXPECT_EQ(one.class_id(), expected.class_id);
    EXPECT_EQ(one.class_name(), absl::StrCat("class_", expected.class_id));
    EXPECT_THAT(one.coco_mask().size(), ElementsAre(kHeight, kWidth));
    EXPECT_EQ(one.coco_mask().counts(), FormatRunLengths(expected.mask));
  }
}

TEST_F(DetectTest, ThresholdFilterAndLimitLeaveOutObjectsAndNoOthers) {
  const v1::DetectResponse all = Detect(RequestOf(50, 70));
  ASSERT_GT(all.detections_size(), 2);

  v1::DetectRequest request = RequestOf(50, 70);
  request.set_max_detections(1);
  v1::DetectResponse some = Detect(request);
  ASSERT_EQ(some.detections_size(), 1);
  EXPECT_EQ(some.detections(0).ShortDebugString(), all.detections(0).ShortDebugString());

  request.clear_max_detections();
  request.set_score_threshold(all.detections(1).score());
  some = Detect(request);
  for (const v1::Detection& one : some.detections()) {
    EXPECT_GE(one.score(), all.detections(1).score());
  }
  EXPECT_GE(some.detections_size(), 2);
  request.set_score_threshold(1);
  EXPECT_EQ(Detect(request).detections_size(), 0);

  const int32_t id = all.detections(0).class_id();
  std::string expected;
  for (const v1::Detection& one : all.detections()) {
    if (one.class_id() == id) absl::StrAppend(&expected, one.ShortDebugString(), "\n");
  }
  request = RequestOf(50, 70);
  request.mutable_class_filter()->add_ids(id);
  EXPECT_EQ(Text(Detect(request)), expected);
  request.mutable_class_filter()->clear_ids();
  request.mutable_class_filter()->add_names(absl::StrCat("class_", id));
  EXPECT_EQ(Text(Detect(request)), expected);
}

TEST_F(DetectTest, OutlinesAreThoseOfTheMasks) {
  const v1::DetectResponse masks = Detect(RequestOf(40, 60));
  const v1::DetectResponse outlines = Detect(RequestOf(40, 60, v1::MASK_FORMAT_POLYGONS));
  ASSERT_EQ(masks.detections_size(), outlines.detections_size());
  for (int i = 0; i < masks.detections_size(); ++i) {
    const auto runs = ParseRunLengths(masks.detections(i).coco_mask().counts(), 40, 60);
    ASSERT_TRUE(runs.ok()) << runs.status();
    const std::vector<Polygon> expected = MaskOutlines(*runs);
    ASSERT_TRUE(outlines.detections(i).has_polygons());
    const v1::Polygons& polygons = outlines.detections(i).polygons();
    ASSERT_EQ(static_cast<size_t>(polygons.polygons_size()), expected.size());
    for (size_t j = 0; j < expected.size(); ++j) {
      const auto& points = polygons.polygons(static_cast<int>(j)).points();
      EXPECT_EQ(Polygon(points.begin(), points.end()), expected[j]);
    }
  }
}

TEST_F(DetectTest, MasksAreLeftOutUnlessAskedFor) {
  const v1::DetectResponse response = Detect(RequestOf(40, 60, v1::MASK_FORMAT_UNSPECIFIED));
  EXPECT_GT(response.detections_size(), 0);
  for (const v1::Detection& one : response.detections()) {
    EXPECT_EQ(one.mask_case(), v1::Detection::MASK_NOT_SET);
  }
}

TEST_F(DetectTest, AnAnswerDoesNotDependOnItsCompanions) {
  struct Size {
    int height, width;
  };
  // The first three become inputs of one size with more and less padding.
  const std::vector<Size> sizes = {{64, 96}, {60, 96}, {33, 50}, {90, 20}, {17, 64}};
  std::vector<std::string> alone;
  for (const auto [height, width] : sizes) alone.push_back(Text(Detect(RequestOf(height, width))));
  std::vector<std::thread> threads;
  std::vector<int> different(sizes.size());
  for (size_t t = 0; t < sizes.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) {
        const auto response = Detect(RequestOf(sizes[t].height, sizes[t].width));
        if (Text(response) != alone[t]) ++different[t];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(different, testing::Each(0));
}

TEST_F(DetectTest, APictureOfOnePixelIsAnswered) {
  EXPECT_EQ(Detect(RequestOf(1, 1)).image_height(), 1);
}

TEST_F(DetectTest, AStreamAnswersEachFrameInItsPlace) {
  grpc::ClientContext context;
  SetDeadline(context);
  const auto stream = stub_->DetectStream(&context);
  for (const float threshold : {0.0F, 2.0F, 1.0F}) {
    v1::DetectStreamRequest message;
    *message.mutable_frame() = RequestOf(30, 40);
    message.mutable_frame()->set_score_threshold(threshold);
    ASSERT_TRUE(stream->Write(message));
  }
  stream->WritesDone();
  std::vector<v1::DetectStreamResponse> answers(1);
  while (stream->Read(&answers.back())) answers.emplace_back();
  EXPECT_TRUE(stream->Finish().ok());
  ASSERT_EQ(answers.size(), 4U);
  EXPECT_EQ(answers[0].detection().image_height(), 30);
  EXPECT_EQ(answers[1].frame(), 1);
  EXPECT_EQ(answers[1].error().message(), "score_threshold: found 2, wanted 0 to 1");
  EXPECT_EQ(answers[2].detection().detections_size(), 0);
}

TEST_F(DetectTest, AModelOfAnotherTaskIsNamedWithWhatAnswersIt) {
  v1::DetectRequest request = RequestOf(20, 20);
  request.mutable_model()->set_name("segmenter");
  v1::DetectResponse response;
  const grpc::Status status = Ask(request, response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(status.error_message(),
            "model \"segmenter\": its task is segmentation, which Segment answers; wanted one for "
            "detection");
}

TEST_F(DetectTest, RequestsAreCountedAsThoseOfOtherMethods) {
  EXPECT_EQ(Detect(RequestOf(20, 20)).image_width(), 20);
  EXPECT_THAT(server_.metrics(),
              HasSubstr("localmamba_requests_total{code=\"OK\",method=\"Detect\"} 1"));
}

struct BadRequest {
  std::string name;
  void (*spoil)(v1::DetectRequest& request);  // of a good one
  std::string message;                        // a part of it
};

class BadDetectRequestTest : public DetectTest, public testing::WithParamInterface<BadRequest> {};

TEST_P(BadDetectRequestTest, IsToldPrecisely) {
  v1::DetectRequest request = RequestOf(20, 20);
  GetParam().spoil(request);
  v1::DetectResponse response;
  const grpc::Status status = Ask(request, response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr(GetParam().message));
  EXPECT_TRUE(Ask(RequestOf(20, 20), response).ok());
}

using Request = v1::DetectRequest;

INSTANTIATE_TEST_SUITE_P(
    Table, BadDetectRequestTest,
    testing::Values(
        BadRequest{"NoImage", [](Request& r) { r.clear_image(); },
                   "image: found none, wanted image.encoded or image.raw"},
        BadRequest{"ThresholdBelowZero", [](Request& r) { r.set_score_threshold(-0.5F); },
                   "score_threshold: found -0.5, wanted 0 to 1"},
        BadRequest{"ThresholdAboveOne", [](Request& r) { r.set_score_threshold(1.5F); },
                   "score_threshold: found 1.5, wanted 0 to 1"},
        BadRequest{
            "ThresholdThatIsNoNumber",
            [](Request& r) { r.set_score_threshold(std::numeric_limits<float>::quiet_NaN()); },
            "score_threshold: found nan, wanted 0 to 1"},
        BadRequest{"NoDetections", [](Request& r) { r.set_max_detections(0); },
                   "max_detections: found 0, wanted 1 to 10"},
        BadRequest{"MoreDetectionsThanTheModelGives", [](Request& r) { r.set_max_detections(11); },
                   "max_detections: found 11, wanted 1 to 10"},
        BadRequest{"UnknownClassId", [](Request& r) { r.mutable_class_filter()->add_ids(3); },
                   "class_filter.ids: found 3, wanted 0 to 2"},
        BadRequest{"NegativeClassId", [](Request& r) { r.mutable_class_filter()->add_ids(-1); },
                   "class_filter.ids: found -1, wanted 0 to 2"},
        BadRequest{"UnknownClassName",
                   [](Request& r) { r.mutable_class_filter()->add_names("unicorn"); },
                   "class_filter.names: found \"unicorn\", wanted a class of the model"},
        BadRequest{"UnknownMaskFormat",
                   [](Request& r) { r.set_mask_format(static_cast<v1::MaskFormat>(9)); },
                   "mask_format: found 9, wanted a value of the enum"},
        BadRequest{"ExtremeProportions",
                   [](Request& r) { *r.mutable_image() = RawPicture(1000, 1); },
                   "image.raw: found 1000 x 1 pixels, wanted a ratio of the sides of at most 200"},
        BadRequest{"NoPicture", [](Request& r) { r.mutable_image()->set_encoded("no picture"); },
                   "image: "}),
    [](const testing::TestParamInfo<BadRequest>& info) { return info.param.name; });

class CachedDetectTest : private WithCache, public DetectTest {
 protected:
  CachedDetectTest() : DetectTest(options()) {}
};

TEST_F(CachedDetectTest, AnImageThatComesAgainIsNotRunAgainWhateverIsAskedOfIt) {
  v1::DetectRequest request = RequestOf(40, 60);
  const v1::DetectResponse first = Detect(request);
  EXPECT_EQ(first.timings().batch_size(), 1);
  const v1::DetectResponse second = Detect(request);
  EXPECT_EQ(second.timings().batch_size(), 0);
  EXPECT_EQ(Text(second), Text(first));
  request.set_max_detections(1);
  EXPECT_EQ(Detect(request).timings().batch_size(), 0);
}

}  // namespace
}  // namespace localmamba::server
