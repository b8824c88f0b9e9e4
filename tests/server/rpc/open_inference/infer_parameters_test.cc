#include "server/rpc/open_inference/infer_parameters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace localmamba::server {
namespace {

using inference::InferParameter;

struct Refused {
  const char* name;
  const char* key;
  std::function<void(InferParameter&)> set;
  const char* message;
  absl::StatusCode code = absl::StatusCode::kInvalidArgument;
};

class RefusedParameterTest : public testing::TestWithParam<Refused> {};

TEST_P(RefusedParameterTest, IsNamed) {
  InferParameters parameters;
  GetParam().set(parameters[GetParam().key]);
  const absl::Status status = ReadRequestParameters(parameters).status();
  EXPECT_EQ(status.code(), GetParam().code);
  EXPECT_EQ(status.message(), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Table, RefusedParameterTest,
    testing::Values(
        Refused{"NegativePriority", "priority", [](auto& p) { p.set_int64_param(-1); },
                "parameter \"priority\": found -1, wanted 0 or more"},
        Refused{"PriorityAsText", "priority", [](auto& p) { p.set_string_param("1"); },
                "parameter \"priority\": found string_param, wanted int64_param or uint64_param"},
        Refused{"NegativeTimeout", "timeout", [](auto& p) { p.set_int64_param(-5); },
                "parameter \"timeout\": found -5, wanted 0 or more"},
        Refused{"TimeoutAsUnsigned", "timeout", [](auto& p) { p.set_uint64_param(5); },
                "parameter \"timeout\": found uint64_param, wanted int64_param"},
        Refused{"FinalResponseAsNumber", "triton_enable_empty_final_response",
                [](auto& p) { p.set_int64_param(1); },
                "parameter \"triton_enable_empty_final_response\": found int64_param, wanted "
                "bool_param"},
        Refused{"ReservedPrefix", "triton_other", [](auto& p) { p.set_bool_param(true); },
                "parameter \"triton_other\": names that begin with \"triton_\" are reserved"},
        Refused{"Headers", "headers", [](auto& p) { p.set_string_param("x"); },
                "parameter \"headers\": the name is reserved"},
        Refused{"BinaryDataOutput", "binary_data_output", [](auto& p) { p.set_bool_param(true); },
                "parameter \"binary_data_output\": the name is reserved"},
        Refused{"CustomUnsigned", "mine", [](auto& p) { p.set_uint64_param(1); },
                "parameter \"mine\": found uint64_param, wanted bool_param, int64_param, "
                "string_param or double_param"},
        Refused{"CustomWithoutValue", "mine", [](auto& /*p*/) {},
                "parameter \"mine\": found no value, wanted bool_param, int64_param, string_param "
                "or double_param"},
        Refused{"SequenceNumber", "sequence_id", [](auto& p) { p.set_int64_param(7); },
                "parameter \"sequence_id\": no model keeps anything between requests, wanted none "
                "or 0",
                absl::StatusCode::kUnimplemented},
        Refused{"SequenceText", "sequence_id", [](auto& p) { p.set_string_param("a"); },
                "parameter \"sequence_id\": no model keeps anything between requests, wanted none "
                "or 0",
                absl::StatusCode::kUnimplemented},
        Refused{"SequenceStart", "sequence_start", [](auto& p) { p.set_bool_param(true); },
                "parameter \"sequence_start\": no model keeps anything between requests, wanted "
                "none or 0",
                absl::StatusCode::kUnimplemented}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(RequestParametersTest, PriorityComesSignedOrUnsigned) {
  InferParameters parameters;
  parameters["priority"].set_uint64_param(3);
  EXPECT_EQ(ReadRequestParameters(parameters)->priority, 3U);
  parameters["priority"].set_int64_param(2);
  EXPECT_EQ(ReadRequestParameters(parameters)->priority, 2U);
}

TEST(RequestParametersTest, TimeoutIsInMicrosecondsAndZeroMeansNone) {
  InferParameters parameters;
  EXPECT_EQ(ReadRequestParameters(parameters)->timeout, std::nullopt);
  parameters["timeout"].set_int64_param(0);
  EXPECT_EQ(ReadRequestParameters(parameters)->timeout, std::nullopt);
  parameters["timeout"].set_int64_param(1500);
  EXPECT_EQ(ReadRequestParameters(parameters)->timeout, absl::Microseconds(1500));
}

TEST(RequestParametersTest, WhatMeansNothingHereIsLetPass) {
  InferParameters parameters;
  parameters["triton_enable_empty_final_response"].set_bool_param(true);
  parameters["sequence_id"].set_int64_param(0);
  parameters["sequence_end"].set_bool_param(false);
  parameters["flag"].set_bool_param(true);
  parameters["number"].set_int64_param(1);
  parameters["text"].set_string_param("x");
  parameters["ratio"].set_double_param(0.5);
  EXPECT_TRUE(ReadRequestParameters(parameters).ok());
}

InferParameters Slice() {
  InferParameters parameters;
  parameters["shared_memory_region"].set_string_param("region");
  parameters["shared_memory_byte_size"].set_int64_param(64);
  parameters["shared_memory_offset"].set_int64_param(8);
  return parameters;
}

TEST(SharedMemorySliceTest, HasRegionSizeAndOffset) {
  const auto slice = ReadSharedMemorySlice(Slice(), "input \"x\"");
  ASSERT_TRUE(slice.ok() && slice->has_value());
  EXPECT_EQ((*slice)->region, "region");
  EXPECT_EQ((*slice)->byte_size, 64U);
  EXPECT_EQ((*slice)->offset, 8U);
}

TEST(SharedMemorySliceTest, OffsetIsZeroUnlessTold) {
  InferParameters parameters = Slice();
  parameters.erase("shared_memory_offset");
  EXPECT_EQ((*ReadSharedMemorySlice(parameters, "input \"x\""))->offset, 0U);
}

TEST(SharedMemorySliceTest, ATensorWithoutOneHasNone) {
  InferParameters parameters;
  parameters["classification"].set_int64_param(1);
  EXPECT_EQ(*ReadSharedMemorySlice(parameters, "input \"x\""), std::nullopt);
}

struct RefusedSlice {
  const char* name;
  std::function<void(InferParameters&)> change;
  const char* message;
};

class RefusedSliceTest : public testing::TestWithParam<RefusedSlice> {};

TEST_P(RefusedSliceTest, IsNamed) {
  InferParameters parameters = Slice();
  GetParam().change(parameters);
  const absl::Status status = ReadSharedMemorySlice(parameters, "input \"x\"").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Table, RefusedSliceTest,
    testing::Values(
        RefusedSlice{"NoRegion", [](auto& p) { p.erase("shared_memory_region"); },
                     "input \"x\": parameter \"shared_memory_offset\" without "
                     "\"shared_memory_region\", wanted both or none"},
        RefusedSlice{"NoSize", [](auto& p) { p.erase("shared_memory_byte_size"); },
                     "input \"x\": parameter \"shared_memory_region\" without "
                     "\"shared_memory_byte_size\", wanted both"},
        RefusedSlice{"EmptyName", [](auto& p) { p["shared_memory_region"].set_string_param(""); },
                     "input \"x\": parameter \"shared_memory_region\": found \"\", wanted a name"},
        RefusedSlice{"NameAsNumber", [](auto& p) { p["shared_memory_region"].set_int64_param(1); },
                     "input \"x\": parameter \"shared_memory_region\": found int64_param, wanted "
                     "string_param"},
        RefusedSlice{"NegativeSize",
                     [](auto& p) { p["shared_memory_byte_size"].set_int64_param(-1); },
                     "input \"x\": parameter \"shared_memory_byte_size\": found -1, wanted 0 or "
                     "more"},
        RefusedSlice{"NegativeOffset",
                     [](auto& p) { p["shared_memory_offset"].set_int64_param(-8); },
                     "input \"x\": parameter \"shared_memory_offset\": found -8, wanted 0 or more"},
        RefusedSlice{"OffsetAsText",
                     [](auto& p) { p["shared_memory_offset"].set_string_param("8"); },
                     "input \"x\": parameter \"shared_memory_offset\": found string_param, wanted "
                     "int64_param"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(ClassificationParameterTest, IsAPositiveNumber) {
  InferParameters parameters;
  EXPECT_EQ(*ReadClassification(parameters, "output \"y\""), std::nullopt);
  parameters["classification"].set_int64_param(5);
  EXPECT_EQ(*ReadClassification(parameters, "output \"y\""), 5);
  parameters["classification"].set_int64_param(0);
  EXPECT_EQ(ReadClassification(parameters, "output \"y\"").status().message(),
            "output \"y\": parameter \"classification\": found 0, wanted 1 or more");
  parameters["classification"].set_bool_param(true);
  EXPECT_EQ(ReadClassification(parameters, "output \"y\"").status().message(),
            "output \"y\": parameter \"classification\": found bool_param, wanted int64_param");
}

}  // namespace
}  // namespace localmamba::server
