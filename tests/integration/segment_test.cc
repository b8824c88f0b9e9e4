// Segment and SegmentStream over a socket, with a tiny segmenter behind them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "kernels/detection/run_lengths.h"
#include "model/heads/segment_image.h"
#include "model/vision/decode.h"
#include "tests/integration/heads_serving.h"

namespace localmamba::server {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

v1::SegmentRequest RequestOf(int height, int width) {
  v1::SegmentRequest request;
  *request.mutable_image() = RawPicture(height, width);
  request.mutable_model()->set_name("segmenter");
  return request;
}

std::vector<int32_t> LabelsOf(const std::string& png) {
  const auto memory = *CreateDeviceAllocator(Device::Cpu());
  const auto image =
      DecodeImage({reinterpret_cast<const uint8_t*>(png.data()), png.size()}, {}, *memory);
  EXPECT_TRUE(image.ok()) << image.status();
  std::vector<int32_t> labels;
  for (int64_t i = 0; image.ok() && i < image->pixels.elements(); i += 3) {
    labels.push_back(image->pixels.data<uint8_t>()[i]);
  }
  return labels;
}

class SegmentTest : public HeadsServingTest {
 protected:
  using HeadsServingTest::HeadsServingTest;

  [[nodiscard]] v1::SegmentResponse Segment(const v1::SegmentRequest& request) const {
    v1::SegmentResponse response;
    const grpc::Status status = Ask(request, response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
};

TEST_F(SegmentTest, TheLabelMapIsThatOfTheModelAtTheSizeOfTheImage) {
  constexpr int kHeight = 50;
  constexpr int kWidth = 70;
  v1::SegmentRequest request = RequestOf(kHeight, kWidth);
  request.set_request_id("picture 1");
  const v1::SegmentResponse response = Segment(request);
  EXPECT_EQ(response.image_height(), kHeight);
  EXPECT_EQ(response.image_width(), kWidth);
  EXPECT_EQ(response.model().name(), "segmenter");
  EXPECT_EQ(response.model().number(), 1);
  EXPECT_EQ(response.request_id(), "picture 1");
  EXPECT_EQ(response.timings().batch_size(), 1);
  const std::vector<int32_t> labels = LabelsOf(response.label_map_png());

  Stream stream = *Stream::Create(Device::Cpu(), 1);
  const PreparedImage prepared = PreparedPicture(*segmenter_, kHeight, kWidth);
  const Tensor input = prepared.input.Reshape({1, 3, prepared.input.dim(1), prepared.input.dim(2)});
  const auto logits = SegmentInput(*segmenter_->engines.front(), input, std::nullopt, stream);
  ASSERT_TRUE(logits.ok()) << logits.status();
  const auto expected = LabelMap(*logits, prepared.geometry, stream);
  ASSERT_TRUE(expected.ok()) << expected.status();
  const int32_t* first = expected->data<int32_t>();
  EXPECT_EQ(labels, std::vector<int32_t>(first, first + expected->elements()));

  std::vector<int64_t> areas(5);
  for (const int32_t label : labels) ++areas[static_cast<size_t>(label)];
  for (const v1::SegmentedClass& one : response.classes()) {
    EXPECT_EQ(one.area(), areas[static_cast<size_t>(one.id())]);
    EXPECT_EQ(one.name(), absl::StrCat("class_", one.id()));
    EXPECT_TRUE(one.has_color());
    EXPECT_FALSE(one.has_confidence());
    EXPECT_FALSE(one.has_mask());
    areas[static_cast<size_t>(one.id())] = 0;
  }
  EXPECT_THAT(areas, testing::Each(0)) << "classes that were not named";
}

TEST_F(SegmentTest, MasksOfTheClassesMakeUpTheLabelMap) {
  v1::SegmentRequest request = RequestOf(33, 47);
  const std::vector<int32_t> labels = LabelsOf(Segment(request).label_map_png());
  request.set_format(v1::SegmentRequest::FORMAT_COCO_RLE);
  request.set_confidence(true);
  const v1::SegmentResponse response = Segment(request);
  EXPECT_THAT(response.label_map_png(), IsEmpty());
  std::vector<int32_t> pieced(labels.size(), -1);
  for (const v1::SegmentedClass& one : response.classes()) {
    ASSERT_THAT(one.mask().size(), testing::ElementsAre(33, 47));
    const auto runs = ParseRunLengths(one.mask().counts(), 33, 47);
    ASSERT_TRUE(runs.ok()) << runs.status();
    EXPECT_EQ(Area(*runs), one.area());
    const std::vector<uint8_t> mask = DecodeRunLengths(*runs);
    for (size_t i = 0; i < mask.size(); ++i) {
      if (mask[i] != 0) pieced[i] = one.id();
    }
    // Of five classes, where most pixels have the largest of all probabilities.
    EXPECT_GT(one.confidence(), 0);
    EXPECT_LE(one.confidence(), 1);
  }
  EXPECT_EQ(pieced, labels);
}

TEST_F(SegmentTest, AnAnswerDoesNotDependOnItsCompanions) {
  struct Size {
    int height, width;
  };
  // The second and third become inputs of one size, though they are of different sizes.
  const std::vector<Size> sizes = {{40, 60}, {64, 96}, {32, 48}, {90, 20}, {17, 64}};
  std::vector<std::string> alone;
  for (const auto [height, width] : sizes) {
    alone.push_back(Segment(RequestOf(height, width)).label_map_png());
  }
  std::vector<std::thread> threads;
  std::vector<int> different(sizes.size());
  for (size_t t = 0; t < sizes.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) {
        const auto response = Segment(RequestOf(sizes[t].height, sizes[t].width));
        if (response.label_map_png() != alone[t]) ++different[t];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(different, testing::Each(0));
}

TEST_F(SegmentTest, PicturesOfOnePixelAreSegmented) {
  const v1::SegmentResponse response = Segment(RequestOf(1, 1));
  EXPECT_EQ(response.image_height(), 1);
  ASSERT_EQ(response.classes_size(), 1);
  EXPECT_EQ(response.classes(0).area(), 1);
}

TEST_F(SegmentTest, AStreamAnswersEachFrameInItsPlace) {
  grpc::ClientContext context;
  SetDeadline(context);
  const auto stream = stub_->SegmentStream(&context);
  for (const int side : {20, 0, 30}) {
    v1::SegmentStreamRequest message;
    *message.mutable_frame() = RequestOf(side, side);
    message.mutable_frame()->set_request_id(absl::StrCat("side ", side));
    ASSERT_TRUE(stream->Write(message));
  }
  stream->WritesDone();
  std::vector<v1::SegmentStreamResponse> answers(1);
  while (stream->Read(&answers.back())) answers.emplace_back();
  EXPECT_TRUE(stream->Finish().ok());
  ASSERT_EQ(answers.size(), 4U);
  EXPECT_EQ(answers[0].segmentation().image_height(), 20);
  EXPECT_EQ(answers[0].segmentation().request_id(), "side 20");
  EXPECT_EQ(answers[1].frame(), 1);
  EXPECT_EQ(answers[1].error().code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(answers[1].error().message(), HasSubstr("image.raw.height: found 0"));
  EXPECT_EQ(answers[2].segmentation().image_height(), 30);
}

TEST_F(SegmentTest, AModelOfAnotherTaskIsNamedWithWhatAnswersIt) {
  v1::SegmentRequest request = RequestOf(20, 20);
  request.mutable_model()->set_name("classifier");
  v1::SegmentResponse response;
  grpc::Status status = Ask(request, response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(status.error_message(),
            "model \"classifier\": its task is classification, which Classify and Embed answer; "
            "wanted one for segmentation");

  v1::ClassifyRequest classify = ClassifyRequestOf(1);
  classify.mutable_model()->set_name("segmenter");
  grpc::ClientContext context;
  SetDeadline(context);
  v1::ClassifyResponse classified;
  status = stub_->Classify(&context, classify, &classified);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(status.error_message(),
            "model \"segmenter\": its task is segmentation, which Segment answers; wanted one for "
            "classification");
}

TEST_F(SegmentTest, AModelTellsOfItsTaskAndClasses) {
  v1::GetModelRequest request;
  request.mutable_model()->set_name("segmenter");
  v1::GetModelResponse response;
  grpc::ClientContext context;
  SetDeadline(context);
  const grpc::Status status = stub_->GetModel(&context, request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.version().task(), v1::ServedVersion::TASK_SEGMENTATION);
  EXPECT_EQ(response.version().num_classes(), 5);
  EXPECT_EQ(response.version().input_height(), 0);
  EXPECT_TRUE(response.version().ready());
  ASSERT_EQ(response.classes_size(), 5);
  EXPECT_EQ(response.classes(3).id(), 3);
  EXPECT_EQ(response.classes(3).name(), "class_3");
  EXPECT_NE(response.classes(3).color().SerializeAsString(),
            response.classes(4).color().SerializeAsString());

  request.mutable_model()->set_name("nope");
  grpc::ClientContext unknown;
  SetDeadline(unknown);
  EXPECT_EQ(stub_->GetModel(&unknown, request, &response).error_code(),
            grpc::StatusCode::NOT_FOUND);
}

TEST(SlidingSegmenterTest, SeesAnImageWindowByWindow) {
  ModelSpec spec = TinySegmenterSpec();
  std::get<SegmentationConfig>(spec.head).slide =
      SlideConfig{.window_height = 32, .window_width = 32, .step_height = 20, .step_width = 20};
  const auto version = TinyVersion("segmenter", spec);
  TestServer server({version}, {});
  const auto stub = v1::VisionService::NewStub(
      grpc::CreateChannel(server.target(), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  SetDeadline(context);
  v1::SegmentResponse response;
  ASSERT_TRUE(stub->Segment(&context, RequestOf(50, 70), &response).ok());

  // Windows of one size are those of a model that sees images whole.
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  const PreparedImage prepared = PreparedPicture(*version, 50, 70);
  const Tensor input = prepared.input.Reshape({1, 3, prepared.input.dim(1), prepared.input.dim(2)});
  const auto whole = TinyVersion("segmenter", TinySegmenterSpec());
  const auto logits = SegmentInput(*whole->engines.front(), input,
                                   std::get<SegmentationConfig>(spec.head).slide, stream);
  ASSERT_TRUE(logits.ok()) << logits.status();
  const auto expected = LabelMap(*logits, prepared.geometry, stream);
  ASSERT_TRUE(expected.ok()) << expected.status();
  const int32_t* first = expected->data<int32_t>();
  EXPECT_EQ(LabelsOf(response.label_map_png()),
            std::vector<int32_t>(first, first + expected->elements()));
}

struct BadRequest {
  std::string name;
  void (*spoil)(v1::SegmentRequest& request);  // of a good one
  std::string message;                         // a part of it
};

class BadSegmentRequestTest : public SegmentTest, public testing::WithParamInterface<BadRequest> {};

TEST_P(BadSegmentRequestTest, IsToldPrecisely) {
  v1::SegmentRequest request = RequestOf(20, 20);
  GetParam().spoil(request);
  v1::SegmentResponse response;
  const grpc::Status status = Ask(request, response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr(GetParam().message));
  EXPECT_TRUE(Ask(RequestOf(20, 20), response).ok());
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadSegmentRequestTest,
    testing::Values(
        BadRequest{"NoImage", [](v1::SegmentRequest& r) { r.clear_image(); },
                   "image: found none, wanted image.encoded or image.raw"},
        BadRequest{
            "UnknownFormat",
            [](v1::SegmentRequest& r) { r.set_format(static_cast<v1::SegmentRequest::Format>(7)); },
            "format: found 7, wanted a value of the enum"},
        BadRequest{"ExtremeProportions",
                   [](v1::SegmentRequest& r) { *r.mutable_image() = RawPicture(1, 1000); },
                   "image.raw: found 1 x 1000 pixels, wanted a ratio of the sides of at most 200"},
        BadRequest{"NoPicture",
                   [](v1::SegmentRequest& r) { r.mutable_image()->set_encoded("no picture"); },
                   "image: "},
        BadRequest{"Priority", [](v1::SegmentRequest& r) { r.set_priority(9); },
                   "priority: found 9"}),
    [](const testing::TestParamInfo<BadRequest>& info) { return info.param.name; });

class CachedSegmentTest : private WithCache, public SegmentTest {
 protected:
  CachedSegmentTest() : SegmentTest(options()) {}
};

TEST_F(CachedSegmentTest, AnImageThatComesAgainIsNotRunAgainWhateverIsAskedOfIt) {
  v1::SegmentRequest request = RequestOf(20, 30);
  const v1::SegmentResponse first = Segment(request);
  EXPECT_EQ(first.timings().batch_size(), 1);
  const v1::SegmentResponse second = Segment(request);
  EXPECT_EQ(second.timings().batch_size(), 0);
  EXPECT_EQ(second.label_map_png(), first.label_map_png());
  request.set_format(v1::SegmentRequest::FORMAT_COCO_RLE);
  const v1::SegmentResponse masks = Segment(request);
  EXPECT_EQ(masks.timings().batch_size(), 0);
  EXPECT_EQ(masks.classes_size(), first.classes_size());
}

}  // namespace
}  // namespace localmamba::server
