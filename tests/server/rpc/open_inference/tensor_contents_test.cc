#include "server/rpc/open_inference/tensor_contents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "server/rpc/open_inference/datatype.h"

namespace localmamba::server {
namespace {

using inference::InferTensorContents;
using testing::ElementsAre;
using testing::HasSubstr;

ByteSpan BytesOf(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// One row of the protocol's table of types.
struct TypeRow {
  const char* name;
  size_t bytes;                                       // of an element, 0 if they vary
  std::function<void(InferTensorContents&)> add_one;  // to the type's field; none if it has none
  std::function<void(InferTensorContents&)> add_outside;  // of its range; none if there is no such
  const char* outside_message = "";
};

void PrintTo(const TypeRow& row, std::ostream* out) { *out << row.name; }

class DatatypeTest : public testing::TestWithParam<TypeRow> {
 protected:
  TensorHead Head(size_t elements) const {
    return {.name = "input \"x\"", .type = ParseDatatype(GetParam().name), .elements = elements};
  }
};

TEST_P(DatatypeTest, HasTheNameAndSizeOfTheProtocol) {
  const inference::DataType type = ParseDatatype(GetParam().name);
  ASSERT_NE(type, inference::TYPE_INVALID);
  EXPECT_EQ(DatatypeName(type), GetParam().name);
  EXPECT_EQ(DatatypeBytes(type), GetParam().bytes);
}

TEST_P(DatatypeTest, RawContentsMustHaveTheSizeOfTheElements) {
  const size_t bytes = GetParam().bytes;
  if (bytes == 0) return;  // elements of varying size
  EXPECT_TRUE(CheckRawSize(Head(6), 6 * bytes).ok());
  EXPECT_TRUE(CheckRawSize(Head(0), 0).ok());
  for (const size_t found : {6 * bytes - 1, 6 * bytes + 1, size_t{0}}) {
    const absl::Status status = CheckRawSize(Head(6), found);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message(), absl::StrCat("input \"x\": found ", found, " bytes, wanted ",
                                             6 * bytes, " for 6 elements of ", GetParam().name));
  }
}

TEST_P(DatatypeTest, TypedContentsFillTheFieldOfTheTypeAlone) {
  InferTensorContents contents;
  if (GetParam().add_one == nullptr) {
    contents.add_fp32_contents(1);
    EXPECT_EQ(CheckTyped(Head(1), contents).message(),
              absl::StrCat("input \"x\": found contents of ", GetParam().name,
                           ", which has no field for them, wanted raw_input_contents"));
    return;
  }
  GetParam().add_one(contents);
  GetParam().add_one(contents);
  EXPECT_TRUE(CheckTyped(Head(2), contents).ok());
  EXPECT_THAT(std::string(CheckTyped(Head(3), contents).message()),
              HasSubstr("input \"x\": found 2 elements in "));

  // A second field, whichever: fp64 is that of FP64, int64 of none of the others.
  if (contents.fp64_contents_size() == 0) {
    contents.add_fp64_contents(1);
  } else {
    contents.add_int64_contents(1);
  }
  const absl::Status status = CheckTyped(Head(2), contents);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("_contents, wanted "));
}

TEST_P(DatatypeTest, TypedContentsAreInTheRangeOfTheType) {
  if (GetParam().add_outside == nullptr) return;  // the field holds nothing else
  InferTensorContents contents;
  GetParam().add_one(contents);
  GetParam().add_outside(contents);
  EXPECT_EQ(CheckTyped(Head(2), contents).message(), GetParam().outside_message);
}

INSTANTIATE_TEST_SUITE_P(
    Types, DatatypeTest,
    testing::Values(
        TypeRow{"BOOL", 1, [](auto& contents) { contents.add_bool_contents(true); }},
        TypeRow{"UINT8", 1, [](auto& contents) { contents.add_uint_contents(255); },
                [](auto& contents) { contents.add_uint_contents(256); },
                "input \"x\": element 1 is 256, wanted 0 to 255 for UINT8"},
        TypeRow{"UINT16", 2, [](auto& contents) { contents.add_uint_contents(65535); },
                [](auto& contents) { contents.add_uint_contents(65536); },
                "input \"x\": element 1 is 65536, wanted 0 to 65535 for UINT16"},
        TypeRow{"UINT32", 4, [](auto& contents) { contents.add_uint_contents(4294967295U); }},
        TypeRow{"UINT64", 8, [](auto& contents) { contents.add_uint64_contents(~uint64_t{0}); }},
        TypeRow{"INT8", 1, [](auto& contents) { contents.add_int_contents(-128); },
                [](auto& contents) { contents.add_int_contents(128); },
                "input \"x\": element 1 is 128, wanted -128 to 127 for INT8"},
        TypeRow{"INT16", 2, [](auto& contents) { contents.add_int_contents(32767); },
                [](auto& contents) { contents.add_int_contents(-32769); },
                "input \"x\": element 1 is -32769, wanted -32768 to 32767 for INT16"},
        TypeRow{"INT32", 4, [](auto& contents) { contents.add_int_contents(-2147483647); }},
        TypeRow{"INT64", 8, [](auto& contents) { contents.add_int64_contents(-1); }},
        TypeRow{"FP16", 2, nullptr}, TypeRow{"BF16", 2, nullptr},
        TypeRow{"FP32", 4, [](auto& contents) { contents.add_fp32_contents(0.5F); }},
        TypeRow{"FP64", 8, [](auto& contents) { contents.add_fp64_contents(0.5); }},
        TypeRow{"BYTES", 0, [](auto& contents) { contents.add_bytes_contents(""); }}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(DatatypeNamesTest, OthersAreUnknown) {
  for (const char* name : {"", "fp32", "FLOAT", "TYPE_FP32", "STRING", "UINT8 "}) {
    EXPECT_EQ(ParseDatatype(name), inference::TYPE_INVALID) << name;
  }
}

class RawBytesTest : public testing::Test {
 protected:
  static TensorHead Head(size_t elements) {
    return {.name = "input \"x\"", .type = inference::TYPE_STRING, .elements = elements};
  }
  static std::string Message(size_t elements, const std::string& raw) {
    const absl::Status status = SplitRawBytes(Head(elements), BytesOf(raw)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  }
};

TEST_F(RawBytesTest, ElementsFollowTheirLengths) {
  std::string raw;
  AppendRawBytes("one", raw);
  AppendRawBytes("", raw);
  AppendRawBytes(std::string(300, 'x'), raw);
  const auto elements = SplitRawBytes(Head(3), BytesOf(raw));
  ASSERT_TRUE(elements.ok()) << elements.status();
  EXPECT_THAT(*elements, ElementsAre(BytesOf("one"), BytesOf(""), BytesOf(std::string(300, 'x'))));
}

TEST_F(RawBytesTest, NoElementsAreNoBytes) {
  EXPECT_THAT(*SplitRawBytes(Head(0), {}), ElementsAre());
}

TEST_F(RawBytesTest, ALengthThatIsCutOffIsNamed) {
  std::string raw;
  AppendRawBytes("one", raw);
  EXPECT_EQ(Message(2, raw),
            "input \"x\": found 0 bytes before element 1, wanted its length in 4, for 2 elements");
  EXPECT_EQ(Message(2, raw + std::string(3, '\0')),
            "input \"x\": found 3 bytes before element 1, wanted its length in 4, for 2 elements");
}

TEST_F(RawBytesTest, ALengthBeyondTheEndIsNamed) {
  EXPECT_EQ(Message(1, std::string("\x05\0\0\0four", 8)),
            "input \"x\": element 0 has a length of 5, but 4 bytes are left");
  EXPECT_EQ(Message(1, std::string("\xFF\xFF\xFF\xFF", 4)),
            "input \"x\": element 0 has a length of 4294967295, but 0 bytes are left");
}

TEST_F(RawBytesTest, BytesAfterTheLastElementAreNamed) {
  std::string raw;
  AppendRawBytes("one", raw);
  EXPECT_EQ(Message(1, raw + "x"),
            "input \"x\": found 1 bytes after the last of 1 elements, wanted none");
}

}  // namespace
}  // namespace localmamba::server
