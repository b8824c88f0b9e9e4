#include "kernels/detection/roi_align.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/reference/detection.h"
#include "tests/support/backend.h"
#include "tests/support/golden_operators.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

struct RoiAlignCase {
  std::string name;
  int64_t B, C, R;
  std::vector<std::pair<int64_t, int64_t>> sizes;  // of the maps
  int64_t P, Q;
  double largest;  // side of a region in pixels
};

class RoiAlignTest : public BackendTest<RoiAlignCase> {};

TEST_P(RoiAlignTest, AgreesWithReference) {
  const RoiAlignCase& c = test_case();
  std::vector<TestTensor> maps;
  RoiAlignArgs args;
  for (size_t level = 0; level < c.sizes.size(); ++level) {
    const auto [height, width] = c.sizes[level];
    maps.push_back(TestTensor::Random({c.B, height, width, c.C}, static_cast<uint32_t>(level) + 1));
  }
  for (size_t level = 0; level < maps.size(); ++level) {
    args.maps.push_back({Data(maps[level]), static_cast<float>(4 << level)});
  }
  TestTensor rois = TestTensor::Random({c.B, c.R, 4}, 9, -10, 60);
  TestTensor sides = TestTensor::Random({c.B, c.R, 2}, 10, 0, c.largest);
  for (size_t i = 0; i < rois.storage().size(); i += 4) {
    rois.storage()[i + 2] = rois.storage()[i] + sides.storage()[i / 2];
    rois.storage()[i + 3] = rois.storage()[i + 1] + sides.storage()[i / 2 + 1];
  }
  TestTensor y({c.B, c.R, c.P, c.Q, c.C});
  args.rois = Float32(rois);
  args.y = Data(y);
  ASSERT_TRUE(Fetch(RoiAlign(args, stream())));

  std::vector<double> expected;
  for (int64_t i = 0; i < y.view().elements(); ++i) {
    const int64_t region = i / (c.P * c.Q * c.C);
    const float* corners = &rois.storage()[static_cast<size_t>(region * 4)];
    const reference::Corners roi = {corners[0], corners[1], corners[2], corners[3]};
    const size_t level = reference::RoiLevel(roi, maps.size());
    const auto [height, width] = c.sizes[level];
    const auto map = [&, width = width, height = height](int64_t row, int64_t column) -> double {
      const int64_t cell = (region / c.R * height + row) * width + column;
      return maps[level].storage()[static_cast<size_t>(cell * c.C + i % c.C)];
    };
    expected.push_back(reference::RoiAlignBin(map, height, width, 4 << level, roi, c.P, c.Q,
                                              i / (c.Q * c.C) % c.P, i / c.C % c.Q));
  }
  // A sample's position is rounded to some 2^-19 of a cell, where neighbours differ by up to 2.
  ExpectNear(y.values(), expected, 2e-5, Roundoff());
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, RoiAlignTest,
    ::testing::Combine(
        ::testing::ValuesIn(Backends()),
        ::testing::Values(
            RoiAlignCase{"OneMap", 2, 3, 8, {{13, 17}}, 7, 7, 60},
            RoiAlignCase{"FourMaps", 1, 5, 20, {{30, 40}, {15, 20}, {8, 10}, {4, 5}}, 7, 7, 600},
            RoiAlignCase{"ManyChannels", 1, 67, 3, {{9, 9}}, 14, 14, 40},
            RoiAlignCase{"WholeVectors", 1, 264, 5, {{20, 20}, {10, 10}}, 7, 7, 150},
            RoiAlignCase{"OneCell", 1, 2, 4, {{1, 1}}, 2, 3, 20},
            RoiAlignCase{"OneBin", 2, 1, 5, {{6, 3}, {3, 2}}, 1, 1, 200})),
    BackendCaseName);

class RoiAlignVectorsTest : public BackendTest<OnlyCase> {};

TEST_P(RoiAlignVectorsTest, AgreesWithPublishedVectors) {
  std::vector<float> map;
  for (int y = 0; y < 6; ++y) {
    for (int x = 0; x < 8; ++x) map.push_back(static_cast<float>(y * y + 10 * x));
  }
  RoiAlignArgs args;
  args.maps = {{Upload({map.data(), DType::kFloat32, {1, 6, 8, 1}}), 4}};
  std::vector<float> roi = {3, 2, 25, 19};
  args.rois = Upload({roi.data(), DType::kFloat32, {1, 1, 4}});
  TestTensor square({1, 1, 2, 2, 1});
  args.y = Float32(square);
  ASSERT_TRUE(Fetch(RoiAlign(args, stream())));
  ExpectNear(square.values(), {17.868056, 45.368056, 26.909722, 54.409722}, 1e-5);
  roi = {-6, 1, 40, 23};
  args.rois = Upload({roi.data(), DType::kFloat32, {1, 1, 4}});
  TestTensor wide({1, 1, 2, 3, 1});
  args.y = Float32(wide);
  ASSERT_TRUE(Fetch(RoiAlign(args, stream())));
  ExpectNear(wide.values(), {5.822916, 39.430553, 33.829861, 16.135418, 53.180557, 40.704861},
             2e-5);
}

TEST_P(RoiAlignVectorsTest, AgreesWithGoldenOperatorsOnOneMap) {
  const GoldenTensors golden = GoldenOperators();
  const std::vector<float> features = ChannelsLast(golden.at("roi_align.feat"));
  const ConstTensorView maps = Upload({features.data(), DType::kFloat32, {2, 13, 17, 3}});
  const std::vector<float>& rows = golden.at("roi_align.rois").f32;  // image, x1, y1, x2, y2
  std::deque<TestTensor> results;  // the copies on the device are found by their addresses
  for (const auto& [P, Q] : {std::pair(7, 7), std::pair(14, 14), std::pair(2, 3)}) {
    const std::vector<float> expected =
        ChannelsLast(golden.at(absl::StrCat("roi_align.", P, "x", Q, ".out")));
    const auto size = static_cast<size_t>(P * Q * 3);
    for (size_t i = 0; i < rows.size() / 5; ++i) {
      const auto image = static_cast<int64_t>(rows[i * 5]);
      TestTensor& y = results.emplace_back(Shape{1, 1, P, Q, 3});
      RoiAlignArgs args;
      args.maps = {{maps.Slice(0, image, image + 1), 4}};
      args.rois = Upload({&rows[i * 5 + 1], DType::kFloat32, {1, 1, 4}});
      args.y = Float32(y);
      ASSERT_TRUE(Fetch(RoiAlign(args, stream())));
      const auto begin = expected.begin() + static_cast<std::ptrdiff_t>(i * size);
      ExpectNear(y.values(), {begin, begin + static_cast<std::ptrdiff_t>(size)}, 2e-5, 1e-5);
    }
  }
}

TEST_P(RoiAlignVectorsTest, AgreesWithGoldenOperatorsOnAPyramid) {
  const GoldenTensors golden = GoldenOperators();
  std::vector<std::vector<float>> features;
  for (int level = 0; level < 4; ++level) {
    features.push_back(ChannelsLast(golden.at(absl::StrCat("roi_extract.level", level))));
  }
  RoiAlignArgs args;
  for (size_t level = 0; level < 4; ++level) {
    args.maps.push_back(
        {Upload({features[level].data(), DType::kFloat32, {1, 120 >> level, 128 >> level, 2}}),
         static_cast<float>(4 << level)});
  }
  const std::vector<float>& rows = golden.at("roi_extract.rois").f32;
  std::vector<float> rois;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (i % 5 != 0) rois.push_back(rows[i]);
  }
  args.rois = Upload({rois.data(), DType::kFloat32, {1, 10, 4}});
  TestTensor y({1, 10, 7, 7, 2});
  args.y = Float32(y);
  ASSERT_TRUE(Fetch(RoiAlign(args, stream())));
  ExpectNear(y.values(), Doubles(ChannelsLast(golden.at("roi_extract.out"))), 2e-5, 1e-5);
}

TEST_P(RoiAlignVectorsTest, LeavesRegionsBeyondTheCountZero) {
  TestTensor map = TestTensor::Random({2, 4, 4, 3}, 1, 1, 2);
  std::vector<float> rois = {0, 0, 8, 8, 0, 0, 8, 8, 0, 0, 8, 8, 0, 0, 8, 8};
  TestTensor y({2, 2, 1, 1, 3});
  RoiAlignArgs args;
  args.maps = {{Float32(map), 4}};
  args.rois = Upload({rois.data(), DType::kFloat32, {2, 2, 4}});
  args.counts = Indices({1, 2});
  args.y = Float32(y);
  ASSERT_TRUE(Fetch(RoiAlign(args, stream())));
  for (size_t i = 0; i < 12; ++i) EXPECT_EQ(y.values()[i] == 0, i / 3 == 1) << i;
}

INSTANTIATE_TEST_SUITE_P(Devices, RoiAlignVectorsTest,
                         ::testing::Combine(::testing::ValuesIn(Float32Backends()),
                                            ::testing::Values(OnlyCase{})),
                         BackendCaseName);

TEST(RoiAlignErrorTest, NamesWhatIsWrong) {
  TestTensor map({1, 4, 4, 3});
  TestTensor other({1, 2, 2, 2});
  TestTensor rois({1, 2, 4});
  TestTensor y({1, 2, 7, 7, 3});
  RoiAlignArgs args;
  args.rois = rois.view();
  args.y = y.view();
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  const auto message = [&] {
    const absl::Status status = RoiAlign(args, stream);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_THAT(message(), HasSubstr("roi_align: there are 0 maps, wanted 1 to 8"));
  args.maps = {{map.view(), 4}, {other.view(), 8}};
  EXPECT_THAT(message(), HasSubstr("\"maps[1]\" is f32[1,2,2,2] on cpu, wanted f32[1,-1,-1,3]"));
  args.maps = {{map.view(), 0}};
  EXPECT_THAT(message(), HasSubstr("a positive stride, not 0"));
}

}  // namespace
}  // namespace localmamba
