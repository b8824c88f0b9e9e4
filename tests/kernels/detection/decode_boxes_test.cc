#include "kernels/detection/decode_boxes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/reference/detection.h"
#include "tests/support/backend.h"
#include "tests/support/golden_operators.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

constexpr DeltaScale kUnit = {1, 1, 1, 1};
constexpr DeltaScale kTenths = {0.1F, 0.1F, 0.2F, 0.2F};

class DecodeBoxesTest : public BackendTest<OnlyCase> {
 protected:
  // One class, one image of height x width.
  std::vector<double> Decode(const std::vector<float>& boxes, const std::vector<float>& deltas,
                             const DeltaScale& scale, float height, float width) {
    const auto R = static_cast<int64_t>(boxes.size()) / 4;
    const std::vector<float> limits = {height, width};
    TestTensor y({1, R, 1, 4});
    EXPECT_TRUE(Fetch(DecodeBoxes({.boxes = Upload({boxes.data(), DType::kFloat32, {1, R, 4}}),
                                   .deltas = Upload({deltas.data(), DType::kFloat32, {1, R, 1, 4}}),
                                   .scale = scale,
                                   .limits = Upload({limits.data(), DType::kFloat32, {1, 2}}),
                                   .y = Float32(y)},
                                  stream())));
    return y.values();
  }
};

TEST_P(DecodeBoxesTest, AgreesWithReferenceForImagesAndClasses) {
  constexpr int64_t B = 2;
  constexpr int64_t R = 37;
  constexpr int64_t C = 3;
  TestTensor boxes = TestTensor::Random({B, R, 4}, 1, 0, 100);
  for (size_t i = 0; i < boxes.storage().size(); ++i) {
    if (i % 4 >= 2) boxes.storage()[i] += 100;
  }
  TestTensor deltas = TestTensor::Random({B, R, C, 4}, 2, -8, 8);
  const std::vector<float> limits = {150, 190, 210, 120};
  TestTensor y({B, R, C, 4});
  ASSERT_TRUE(Fetch(DecodeBoxes({.boxes = Float32(boxes),
                                 .deltas = Data(deltas),
                                 .scale = kTenths,
                                 .limits = Upload({limits.data(), DType::kFloat32, {B, 2}}),
                                 .y = Float32(y)},
                                stream())));
  std::vector<double> expected;
  const std::vector<double> box = boxes.values();
  const std::vector<double> delta = deltas.values();
  for (size_t i = 0; i < B * R * C; ++i) {
    const size_t row = i / C;
    const size_t image = row / R;
    for (const double corner :
         reference::DecodeBox({box[row * 4], box[row * 4 + 1], box[row * 4 + 2], box[row * 4 + 3]},
                              {delta[i * 4], delta[i * 4 + 1], delta[i * 4 + 2], delta[i * 4 + 3]},
                              {0.1, 0.1, 0.2, 0.2}, limits[image * 2], limits[image * 2 + 1])) {
      expected.push_back(corner);
    }
  }
  ExpectNear(y.values(), expected, 1e-3);  // some roundings of numbers up to 1000
}

TEST_P(DecodeBoxesTest, LimitsSizesAndClips) {
  ExpectNear(
      Decode({10, 20, 110, 70, 0, 0, 32, 32}, {1, -2, 0.5, -1, -30, 0, 50, -50}, kTenths, 200, 320),
      {14.741451, 14.531731, 125.258545, 55.468269, 0, 15.744, 320, 16.256001}, 1e-4);
  ExpectNear(Decode({10, 20, 110, 70, 100, 100, 300, 260}, {1, -2, 0.5, -1, 0.5, 0.25, 1, 2}, kUnit,
                    200, 320),
             {77.563942, 0, 242.436066, 0, 28.171814, 0, 320, 200}, 1e-4);
}

TEST_P(DecodeBoxesTest, AgreesWithGoldenOperators) {
  const GoldenTensors golden = GoldenOperators();
  for (const auto& [name, scale] : {std::pair("std1", kUnit), std::pair("std01", kTenths)}) {
    ExpectNear(Decode(golden.at("coder.boxes").f32, golden.at("coder.deltas").f32, scale, 150, 210),
               Doubles(golden.at(std::string("coder.") + name + ".decoded").f32), 1e-3);
  }
}

INSTANTIATE_TEST_SUITE_P(Devices, DecodeBoxesTest,
                         ::testing::Combine(::testing::ValuesIn(Backends()),
                                            ::testing::Values(OnlyCase{})),
                         BackendCaseName);

TEST(DecodeBoxesErrorTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor boxes({2, 3, 4});
  TestTensor deltas({2, 4, 5, 4});
  TestTensor limits({2, 2});
  TestTensor y({2, 3, 5, 4});
  const absl::Status status = DecodeBoxes(
      {.boxes = boxes.view(), .deltas = deltas.view(), .limits = limits.view(), .y = y.view()},
      stream);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("decode_boxes: \"deltas\" is f32[2,4,5,4]"));
}

}  // namespace
}  // namespace localmamba
