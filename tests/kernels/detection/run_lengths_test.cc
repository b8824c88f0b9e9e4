#include "kernels/detection/run_lengths.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/golden_operators.h"

namespace localmamba {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

RunLengths Encode(const std::vector<uint8_t>& mask, int64_t height) {
  return EncodeRunLengths(
      {mask.data(), DType::kUInt8, {height, static_cast<int64_t>(mask.size()) / height}});
}

std::string ParseError(absl::string_view text, int64_t height, int64_t width) {
  const auto runs = ParseRunLengths(text, height, width);
  EXPECT_EQ(runs.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(runs.status().message());
}

TEST(RunLengthsTest, ScansDownTheColumns) {
  const RunLengths runs = Encode({0, 0, 1, 1, /**/ 0, 1, 1, 0, /**/ 1, 1, 0, 0}, 3);
  EXPECT_THAT(runs.counts, ElementsAre(2, 1, 1, 4, 1, 1, 2));
  EXPECT_EQ(FormatRunLengths(runs), "21130M1");
  EXPECT_EQ(Area(runs), 6);
  EXPECT_EQ(FormatRunLengths(Encode(std::vector<uint8_t>(20, 0), 4)), "d0");
  EXPECT_EQ(FormatRunLengths(Encode(std::vector<uint8_t>(20, 1), 4)), "0d0");
}

TEST(RunLengthsTest, PlacesAPartInTheImage) {
  const std::vector<uint8_t> part(300 * 10, 1);
  const RunLengths runs =
      EncodeRunLengths({part.data(), DType::kUInt8, {300, 10}}, 100, 50, 600, 800);
  EXPECT_EQ(FormatRunLengths(runs), "d\\m0\\9\\900000000000000000l_a=");
  EXPECT_EQ(BoundingBox(runs), (PixelBox{50, 100, 10, 300}));
}

TEST(RunLengthsTest, AgreesWithGoldenOperators) {
  const GoldenTensors golden = GoldenOperators();
  const nlohmann::json tables = GoldenOperatorTables();
  for (const nlohmann::json& expected : tables.at("rle")) {
    const GoldenTensor& tensor = golden.at(expected.at("mask").get<std::string>());
    const std::vector<uint8_t> mask(tensor.i32.begin(), tensor.i32.end());
    const RunLengths runs = Encode(mask, tensor.shape[0]);
    if (expected.contains("run_lengths")) {
      EXPECT_EQ(runs.counts, expected.at("run_lengths").get<std::vector<uint32_t>>());
    }
    EXPECT_EQ(FormatRunLengths(runs), expected.at("counts").get<std::string>());
    EXPECT_EQ(Area(runs), expected.at("area").get<int64_t>());
    EXPECT_EQ(*ParseRunLengths(expected.at("counts").get<std::string>(), runs.height, runs.width),
              runs);
    EXPECT_EQ(DecodeRunLengths(runs), mask);
  }
}

TEST(RunLengthsTest, CombinesMasksOfOneSize) {
  const RunLengths a = Encode({1, 1, 0, 0, 1, 1, 0, 0}, 2);
  const RunLengths b = Encode({0, 1, 1, 0, 0, 0, 0, 1}, 2);
  EXPECT_EQ(Union({a, b}), Encode({1, 1, 1, 0, 1, 1, 0, 1}, 2));
  EXPECT_EQ(IntersectionArea(a, b), 1);
  EXPECT_EQ(Union({a}), a);
}

TEST(RunLengthsTest, RefusesTextThatIsNoMaskOfTheSize) {
  EXPECT_THAT(ParseError("d0", 3, 5), HasSubstr("count 0 is 20, wanted 0 to 15"));
  EXPECT_THAT(ParseError("d0", 5, 5), HasSubstr("add up to less than 5 x 5"));
  EXPECT_THAT(ParseError("d", 4, 5), HasSubstr("count 0 is cut off"));
  EXPECT_THAT(ParseError("d0 ", 4, 5), HasSubstr("character 2 is out of range"));
  EXPECT_THAT(ParseError("oooooooooo0", 4, 5), HasSubstr("count 0 is too long"));
  EXPECT_THAT(ParseError("O", 4, 5), HasSubstr("count 0 is -1"));
  EXPECT_THAT(ParseError("d0", 0, 5), HasSubstr("mask of 0 x 5 pixels"));
  EXPECT_THAT(ParseError("d0", int64_t{1} << 40, int64_t{1} << 40), HasSubstr("wanted 1 to"));
}

}  // namespace
}  // namespace localmamba
