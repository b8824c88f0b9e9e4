#include "model/weights/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace localmamba {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string File(const std::string& header, const std::string& data) {
  std::string length(8, '\0');
  for (size_t i = 0; i < 8; ++i) length[i] = static_cast<char>(header.size() >> (8 * i));
  return length + header + data;
}

std::string TempPath(const std::string& name) { return ::testing::TempDir() + name; }

std::vector<float> Values(const Tensor& tensor) {
  const auto* data = tensor.data<float>();
  return {data, data + tensor.elements()};
}

Tensor Filled(const Shape& shape, float first) {
  Tensor tensor = *AllocateHostTensor(DType::kFloat32, shape);
  for (int64_t i = 0; i < tensor.elements(); ++i) {
    tensor.data<float>()[i] = first + static_cast<float>(i);
  }
  return tensor;
}

TEST(SafetensorsTest, WhatIsWrittenIsReadBack) {
  const std::string path = TempPath("round_trip.safetensors");
  NamedTensors tensors;
  tensors["b"] = Filled({2, 3}, 1.0F);
  tensors["a.scalar"] = Filled({}, 7.0F);
  tensors["none"] = Filled({0, 4}, 0.0F);
  tensors["bytes"] = *AllocateHostTensor(DType::kUInt8, {3});
  tensors["bytes"].data<uint8_t>()[2] = 9;
  tensors["long"] = *AllocateHostTensor(DType::kInt64, {1});
  tensors["long"].data<int64_t>()[0] = -5;
  tensors["half"] = *FromFloat32(tensors["b"], DType::kFloat16);
  ASSERT_TRUE(WriteSafetensors(path, tensors, {{"made_by", "a test"}}).ok());

  const auto file = ReadSafetensors(path);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->metadata.at("made_by"), "a test");
  ASSERT_EQ(file->tensors.size(), tensors.size());
  EXPECT_THAT(Values(file->tensors.at("b")), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_EQ(file->tensors.at("a.scalar").shape(), Shape());
  EXPECT_EQ(file->tensors.at("none").shape(), Shape({0, 4}));
  EXPECT_FALSE(file->tensors.at("none").empty());
  EXPECT_EQ(file->tensors.at("bytes").data<uint8_t>()[2], 9);
  EXPECT_EQ(file->tensors.at("long").data<int64_t>()[0], -5);
  EXPECT_THAT(Values(*ToFloat32(file->tensors.at("half"))), ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(SafetensorsTest, TensorsKeepTheMappingAndWritesStayPrivate) {
  const std::string path = TempPath("mapped.safetensors");
  ASSERT_TRUE(WriteSafetensors(path, {{"x", Filled({2}, 1.0F)}}).ok());
  const Tensor x = ReadSafetensors(path)->tensors.at("x");
  ASSERT_TRUE(WriteSafetensors(path, {{"x", Filled({2}, 50.0F)}}).ok());  // replaced while mapped
  x.data<float>()[0] = -1.0F;
  EXPECT_THAT(Values(x), ElementsAre(-1, 2));
  EXPECT_THAT(Values(ReadSafetensors(path)->tensors.at("x")), ElementsAre(50, 51));
}

TEST(SafetensorsTest, AMisalignedTensorIsCopied) {
  const std::string bytes = File(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                                 R"("x":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}})",
                                 std::string("\x01\x00\x00\x80\x3f", 5));
  const auto file = ReadSafetensorsFromMemory(bytes);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_THAT(Values(file->tensors.at("x")), ElementsAre(1.0F));
}

TEST(SafetensorsTest, AFailedWriteLeavesNoFileBehind) {
  const std::string path = TempPath("no_such_folder/x.safetensors");
  const absl::Status status = WriteSafetensors(path, {{"x", Filled({2}, 1.0F)}});
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(status.message(), HasSubstr(path));
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(SafetensorsTest, RefusesToWriteWhatIsNotDense) {
  const Tensor strided = Filled({2, 4}, 0.0F).Slice(1, 0, 2);
  const absl::Status status = WriteSafetensors(TempPath("strided.safetensors"), {{"x", strided}});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("\"x\""));
}

TEST(SafetensorsTest, AMissingFileIsNotFound) {
  const absl::Status status = ReadSafetensors("/no/such/file.safetensors").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(status.message(), HasSubstr("/no/such/file.safetensors"));
}

TEST(SafetensorsTest, AnErrorNamesTheFile) {
  const std::string path = TempPath("short.safetensors");
  std::ofstream(path) << "abc";
  EXPECT_THAT(ReadSafetensors(path).status().message(),
              AllOf(HasSubstr(path), HasSubstr("3 bytes")));
}

struct CorruptCase {
  std::string name;
  std::string bytes;
  std::string message;  // part of the error
};

void PrintTo(const CorruptCase& corrupt, std::ostream* os) { *os << corrupt.name; }

std::string One(const std::string& entry, const std::string& data = "12345678") {
  return File(absl::StrCat(R"({"x":)", entry, "}"), data);
}

std::vector<CorruptCase> CorruptCases() {
  const std::string deep(5000, '[');
  return {
      {"Empty", "", "too few"},
      {"NoLength", "1234567", "too few"},
      {"HeaderLongerThanFile", std::string("\x10\0\0\0\0\0\0\0{}", 10), "header length 16"},
      {"HugeHeaderLength", std::string(8, '\xff') + "{}", "header length 18446744073709551615"},
      {"NotJson", File("{nope", ""), "is not JSON"},
      {"NotAnObject", File("[1]", ""), "is no JSON object"},
      {"EmptyHeader", File("", ""), "is no JSON object"},
      {"DeepJson", File("{\"x\":" + deep, ""), "nests deeper than 3"},
      {"BadUtf8", File("{\"\xff\":1}", ""), "is not JSON"},
      {"DuplicateName",
       File(R"({"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
            R"("x":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
            "12"),
       "\"x\" twice"},
      {"EntryNoObject", One("7"), "wanted an object of dtype, shape and data_offsets"},
      {"FieldMissing", One(R"({"dtype":"F32","shape":[2]})"), "wanted an object of"},
      {"FieldUnknown", One(R"({"dtype":"F32","shape":[2],"data_offsets":[0,8],"y":1})"),
       "wanted an object of"},
      {"DoubleDtype", One(R"({"dtype":"F64","shape":[1],"data_offsets":[0,8]})"),
       "dtype \"F64\" is not supported"},
      {"DtypeNoText", One(R"({"dtype":3,"shape":[1],"data_offsets":[0,8]})"), "dtype is no text"},
      {"ShapeNoList", One(R"({"dtype":"F32","shape":2,"data_offsets":[0,8]})"), "shape is no list"},
      {"NegativeExtent", One(R"({"dtype":"F32","shape":[-2],"data_offsets":[0,8]})"),
       "shape has -2"},
      {"FractionalExtent", One(R"({"dtype":"F32","shape":[2.0],"data_offsets":[0,8]})"),
       "shape has 2.0"},
      {"ExtentBeyondInt64",
       One(R"({"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,8]})"),
       "shape has 18446744073709551615"},
      {"TooManyDimensions", One(R"({"dtype":"F32","shape":[1,1,1,1,1,1,2],"data_offsets":[0,8]})"),
       "shape has 7 dimensions"},
      {"SizeOverflows",
       One(R"({"dtype":"F32","shape":[4294967296,4294967296,4],"data_offsets":[0,8]})"),
       "is too large"},
      {"SizeOverflowsBesideZero",
       One(R"({"dtype":"F32","shape":[0,4294967296,4294967296,4],"data_offsets":[0,0]})"),
       "is too large"},
      {"SizeDisagrees", One(R"({"dtype":"F32","shape":[3],"data_offsets":[0,8]})"),
       "span 8 bytes, but f32[3] takes 12"},
      {"OffsetsOutside", One(R"({"dtype":"F32","shape":[4],"data_offsets":[0,16]})"),
       "outside the data of 8 bytes"},
      {"OffsetsReversed", One(R"({"dtype":"F32","shape":[2],"data_offsets":[8,0]})"),
       "[8,0] are outside"},
      {"OffsetsNoPair", One(R"({"dtype":"F32","shape":[2],"data_offsets":[8]})"),
       "are not two numbers"},
      {"Overlap",
       File(R"({"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
            R"("y":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}})",
            "123456"),
       "(overlap)"},
      {"Gap",
       File(R"({"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
            R"("y":{"dtype":"U8","shape":[2],"data_offsets":[4,6]}})",
            "123456"),
       "(gap)"},
      {"TrailingData", One(R"({"dtype":"U8","shape":[4],"data_offsets":[0,4]})"),
       "cover 4 bytes of 8"},
      {"MetadataNoObject", File(R"({"__metadata__":3})", ""), "__metadata__ is no object"},
      {"MetadataNoText", File(R"({"__metadata__":{"a":3}})", ""), "\"a\" is no text"},
  };
}

class CorruptSafetensorsTest : public ::testing::TestWithParam<CorruptCase> {};

TEST_P(CorruptSafetensorsTest, IsRefusedWithTheReason) {
  const absl::Status status = ReadSafetensorsFromMemory(GetParam().bytes).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(All, CorruptSafetensorsTest, ::testing::ValuesIn(CorruptCases()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace localmamba
