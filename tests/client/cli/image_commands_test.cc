// `classify`, `detect` and `segment` against a server whose answers the test writes down.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "client/cli/commands.h"
#include "client/picture/read_picture.h"
#include "nlohmann/json.hpp"
#include "tests/client/cpp/scripted_server.h"
#include "tests/support/images.h"
#include "tests/support/temporary_folder.h"

namespace localmamba::client {
namespace {

using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

constexpr int kHeight = 30;
constexpr int kWidth = 40;

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// An object of the whole picture, masked.
v1::DetectResponse OneObject() {
  v1::DetectResponse response;
  response.set_image_height(kHeight);
  response.set_image_width(kWidth);
  v1::Detection& object = *response.add_detections();
  object.mutable_box()->set_x_max(kWidth);
  object.mutable_box()->set_y_max(kHeight);
  object.set_class_id(15);
  object.set_class_name("cat");
  object.set_score(0.75F);
  object.mutable_coco_mask()->add_size(kHeight);
  object.mutable_coco_mask()->add_size(kWidth);
  object.mutable_coco_mask()->set_counts("0`U1");  // 0 unset, 1200 set
  return response;
}

v1::SegmentResponse OneClass() {
  TestImage labels = MakeImage(kHeight, kWidth, 1);
  labels.pixels.assign(labels.pixels.size(), 2);
  const Bytes png = EncodePng(labels);
  v1::SegmentResponse response;
  response.set_image_height(kHeight);
  response.set_image_width(kWidth);
  response.set_label_map_png(std::string(png.begin(), png.end()));
  v1::SegmentedClass& sky = *response.add_classes();
  sky.set_id(2);
  sky.set_name("sky");
  sky.set_area(kHeight * kWidth);
  sky.mutable_color()->set_green(200);
  return response;
}

class ImageCommandsTest : public testing::Test {
 protected:
  std::string ImageFile(const std::string& name) {
    const Bytes png = EncodePng(MakeImage(kHeight, kWidth));
    const std::string path = folder_.path() + "/" + name;
    std::ofstream(path, std::ios::binary) << std::string(png.begin(), png.end());
    return path;
  }

  template <class Options>
  ExitCode Run(ExitCode (*command)(const VisionClient&, const Options&, const CommonOptions&,
                                   std::ostream&, std::ostream&),
               const Options& options) {
    out_.str("");
    err_.str("");
    return command(VisionClient(server_.target()), options, {.json = json_}, out_, err_);
  }

  // What was written, a JSON object for each line.
  [[nodiscard]] std::vector<nlohmann::json> Lines() const {
    std::vector<nlohmann::json> lines;
    std::istringstream text(out_.str());
    for (std::string line; std::getline(text, line);) lines.push_back(nlohmann::json::parse(line));
    return lines;
  }

  TemporaryFolder folder_;
  ScriptedServer server_;
  bool json_ = false;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(ImageCommandsTest, DetectPrintsAndDrawsObjects) {
  server_.SetDetection(OneObject());
  DetectOptions options;
  options.images = {ImageFile("cat.jpeg")};
  options.overlay = folder_.path() + "/out.png";
  EXPECT_EQ(Run(RunDetect, options), ExitCode::kSuccess) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr(": 1 object in 40x30 pixels"));
  EXPECT_THAT(out_.str(), HasSubstr(" 0.7500  15  cat    0.0   0.0  40.0   30.0"));
  const absl::StatusOr<cv::Mat> overlay = ReadPicture(ReadAll(options.overlay));
  ASSERT_TRUE(overlay.ok()) << overlay.status();
  EXPECT_GT(overlay->cols, kWidth);
  EXPECT_EQ(server_.detect_request().mask_format(), v1::MASK_FORMAT_COCO_RLE);
}

TEST_F(ImageCommandsTest, DetectSendsWhatWasAskedFor) {
  DetectOptions options;
  options.images = {ImageFile("cat.png")};
  options.score_threshold = 0.5F;
  options.max_detections = 7;
  options.classes = {"traffic light", "3"};
  EXPECT_EQ(Run(RunDetect, options), ExitCode::kSuccess) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("0 objects"));
  const v1::DetectRequest request = server_.detect_request();
  EXPECT_EQ(request.score_threshold(), 0.5F);
  EXPECT_EQ(request.max_detections(), 7);
  EXPECT_EQ(request.class_filter().names(0), "traffic light");
  EXPECT_EQ(request.class_filter().ids(0), 3);
  EXPECT_EQ(request.mask_format(), v1::MASK_FORMAT_UNSPECIFIED);
}

TEST_F(ImageCommandsTest, DetectWritesMasksAsCocoDoes) {
  server_.SetDetection(OneObject());
  json_ = true;
  DetectOptions options;
  options.images = {ImageFile("cat.png")};
  options.masks = true;
  EXPECT_EQ(Run(RunDetect, options), ExitCode::kSuccess);
  const nlohmann::json object = Lines().at(0)["detections"][0];
  EXPECT_EQ(object["box"]["x_max"], 40);
  EXPECT_EQ(object["mask"], (nlohmann::json{{"size", {30, 40}}, {"counts", "0`U1"}}));
}

TEST_F(ImageCommandsTest, SegmentPrintsDrawsAndKeepsTheLabelMap) {
  server_.SetSegmentation(OneClass());
  SegmentOptions options;
  options.images = {ImageFile("a.png"), ImageFile("b.png")};
  options.overlay = folder_.path() + "/overlays";
  options.label_map = folder_.path() + "/maps";
  EXPECT_EQ(Run(RunSegment, options), ExitCode::kSuccess) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("100.00%  2   sky"));
  EXPECT_EQ(ReadAll(options.label_map + "/b.png"), OneClass().label_map_png());
  EXPECT_TRUE(ReadPicture(ReadAll(options.overlay + "/b.png")).ok());
}

TEST_F(ImageCommandsTest, SegmentRefusesOnePlaceForTwoPictures) {
  SegmentOptions options;
  options.images = {ImageFile("a.png")};
  options.overlay = options.label_map = folder_.path() + "/out.png";
  EXPECT_EQ(Run(RunSegment, options), ExitCode::kBadInput);
  EXPECT_THAT(err_.str(), HasSubstr("--label-map: INVALID_ARGUMENT: found the place of --overlay"));
  EXPECT_EQ(server_.calls(), 0);
}

TEST_F(ImageCommandsTest, AnOverlayThatCannotBeMadeIsReported) {
  v1::DetectResponse response = OneObject();
  response.set_image_width(99);
  server_.SetDetection(response);
  DetectOptions options;
  options.images = {ImageFile("cat.png")};
  options.overlay = folder_.path() + "/out.png";
  EXPECT_EQ(Run(RunDetect, options), ExitCode::kFailed);
  EXPECT_THAT(err_.str(), HasSubstr("the picture has 30x40 pixels"));
  server_.SetDetection(OneObject());
  options.overlay = folder_.path() + "/no/such/out.png";
  EXPECT_EQ(Run(RunDetect, options), ExitCode::kFailed);
  EXPECT_THAT(err_.str(), HasSubstr("cannot be written"));
}

TEST_F(ImageCommandsTest, RawPixelsCanBeDrawnOn) {
  server_.SetDetection(OneObject());
  DetectOptions options;
  options.images = {folder_.path() + "/pixels.rgb"};
  std::ofstream(options.images[0]) << std::string(kHeight * kWidth * 3, 'x');
  options.raw = RawSize{.height = kHeight, .width = kWidth};
  options.overlay = folder_.path() + "/out.png";
  EXPECT_EQ(Run(RunDetect, options), ExitCode::kSuccess) << err_.str();
}

// In a stream, images fail alone, and answers keep their order.
TEST_F(ImageCommandsTest, StreamsAnswerLikeSingleCalls) {
  json_ = true;
  const std::vector<std::string> images = {ImageFile("a.png"), folder_.path() + "/missing",
                                           ImageFile("b.png"), ImageFile("c.png")};
  const auto run = [&](auto command, auto options) {
    options.images = images;
    options.stream = true;
    server_.Answer(grpc::Status::OK);
    server_.Answer({grpc::StatusCode::INVALID_ARGUMENT, "image: no"});
    EXPECT_EQ(Run(command, options), ExitCode::kBadInput) << err_.str();
    const std::vector<nlohmann::json> lines = Lines();
    ASSERT_THAT(lines, SizeIs(4));
    EXPECT_EQ(lines[0]["image"], images[0]);
    EXPECT_FALSE(lines[0].contains("error"));
    EXPECT_EQ(lines[1]["error"]["message"], "image: no");
    EXPECT_EQ(lines[2]["image"], images[3]);
    EXPECT_EQ(lines[3]["image"], images[1]);
    EXPECT_EQ(lines[3]["error"]["code"], "LOCAL_FILE");
  };
  run(RunClassify, ClassifyOptions());
  run(RunDetect, DetectOptions());
  run(RunSegment, SegmentOptions());
}

TEST_F(ImageCommandsTest, AStreamThatEndsEarlyIsReportedForEachImageLeft) {
  ClassifyOptions options;
  options.images = {ImageFile("a.png"), ImageFile("b.png"), ImageFile("c.png")};
  options.stream = true;
  server_.Answer(grpc::Status::OK);
  server_.Answer({grpc::StatusCode::ABORTED, "enough"});
  EXPECT_EQ(Run(RunClassify, options), ExitCode::kServerTrouble);
  EXPECT_THAT(out_.str(), StartsWith(options.images[0]));
  EXPECT_THAT(err_.str(), HasSubstr(options.images[1] + ": ABORTED: enough"));
  EXPECT_THAT(err_.str(), HasSubstr(options.images[2] + ": ABORTED: enough"));
}

}  // namespace
}  // namespace localmamba::client
