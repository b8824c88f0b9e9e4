#include "client/picture/write_png.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "client/picture/read_picture.h"
#include "tests/support/temporary_folder.h"

namespace localmamba::client {
namespace {

TEST(WritePngTest, WritesWhatCanBeReadAgain) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/out.png";
  cv::Mat image(3, 5, CV_8UC3);
  cv::randu(image, 0, 256);
  ASSERT_TRUE(WritePng(image, path).ok());
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const absl::StatusOr<cv::Mat> read = ReadPicture(bytes);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(cv::norm(*read, image, cv::NORM_INF), 0);
}

TEST(WritePngTest, TellsOfAPathThatCannotBeWritten) {
  const absl::Status status = WritePng(cv::Mat::zeros(1, 1, CV_8UC3), "/no/such/folder/out.png");
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace localmamba::client
