#include "client/overlay/mask.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "kernels/detection/run_lengths.h"

namespace localmamba::client {
namespace {

// As the server writes it.
std::string Encode(const cv::Mat& mask) {
  std::vector<uint32_t> counts;
  uint8_t current = 0;
  uint32_t run = 0;
  for (int x = 0; x < mask.cols; ++x) {
    for (int y = 0; y < mask.rows; ++y) {
      if (mask.at<uint8_t>(y, x) != current) {
        counts.push_back(run);
        run = 0;
        current = mask.at<uint8_t>(y, x);
      }
      ++run;
    }
  }
  counts.push_back(run);
  return FormatRunLengths(*MakeRunLengths(counts, mask.rows, mask.cols));
}

TEST(MaskTest, HoldsThePixelsThatTheServerWrote) {
  std::mt19937 generator(1);
  for (const cv::Size size : {cv::Size(1, 1), cv::Size(7, 1), cv::Size(1, 9), cv::Size(40, 30)}) {
    for (int i = 0; i < 50; ++i) {
      cv::Mat wanted = cv::Mat::zeros(size, CV_8UC1);
      for (int rectangle = 0; rectangle < i % 4; ++rectangle) {
        const int x = static_cast<int>(generator() % static_cast<unsigned>(size.width));
        const int y = static_cast<int>(generator() % static_cast<unsigned>(size.height));
        wanted(cv::Rect(x, y, (size.width - x + 1) / 2, (size.height - y + 1) / 2)) = 255;
      }
      const absl::StatusOr<Mask> mask = DecodeMask(Encode(wanted), size);
      ASSERT_TRUE(mask.ok()) << mask.status();
      cv::Mat found = cv::Mat::zeros(size, CV_8UC1);
      if (!mask->where.empty()) mask->pixels.copyTo(found(mask->where));
      EXPECT_EQ(cv::norm(found, wanted, cv::NORM_INF), 0);
      // No empty row or column around it.
      if (i % 4 == 1) {
        EXPECT_EQ(cv::countNonZero(mask->pixels), mask->where.area());
      }
    }
  }
}

TEST(MaskTest, RefusesWhatIsNoMaskOfThatSize) {
  const std::string text = Encode(cv::Mat::ones(4, 5, CV_8UC1) * 255);
  EXPECT_TRUE(DecodeMask(text, {5, 4}).ok());
  EXPECT_FALSE(DecodeMask(text, {5, 5}).ok());
  for (const std::string& damaged : {std::string(), std::string("P"), std::string("\x01"),
                                     std::string(100, 'o'), std::string("0T0\xFF")}) {
    EXPECT_EQ(DecodeMask(damaged, {5, 4}).status().code(), absl::StatusCode::kInvalidArgument)
        << damaged;
  }
}

}  // namespace
}  // namespace localmamba::client
