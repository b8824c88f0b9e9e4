#include "server/rpc/open_inference/infer_inputs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/rpc/admission.h"
#include "server/rpc/open_inference/tensor_contents.h"
#include "server/runtime/clock.h"
#include "server/runtime/lifecycle.h"
#include "tests/support/infer_requests.h"
#include "tests/support/shared_memory_object.h"
#include "tests/support/small_tensors.h"

namespace localmamba::server {
namespace {

using inference::ModelInferRequest;
using testing::ElementsAre;

constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();
constexpr size_t kImage = 2 * 3 * 3;  // elements

// A server that takes requests of up to `bytes` together.
class TestAdmission {
 public:
  explicit TestAdmission(int64_t bytes)
      : admission_({.max_in_flight_bytes = bytes}, lifecycle_, clock_) {
    lifecycle_.Enter(Phase::kServing);
  }
  Admission::Ticket Admit() { return *admission_.Admit("", 0); }

 private:
  Lifecycle lifecycle_;
  RealClock clock_;
  Admission admission_;
};

class InferInputsTest : public testing::Test {
 protected:
  absl::StatusOr<InferInputs> Read(const ModelInferRequest& request,
                                   const SharedMemoryRegions* regions = nullptr) {
    Admission::Ticket ticket = admission_.Admit();
    return ReadInputs(request, SmallTensors(), regions, ticket);
  }

  static ModelInferRequest Pixels(size_t bytes = kImage) {
    ModelInferRequest request = InferRequestOf("pixels", "UINT8", {1, 2, 3, 3});
    request.add_raw_input_contents(std::string(bytes, 'p'));
    return request;
  }

  static const ConstTensorView& TensorOf(const InferInputs& inputs) {
    return std::get<ConstTensorView>(inputs.images);
  }

  static std::vector<std::string> FilesOf(const InferInputs& inputs) {
    std::vector<std::string> files;
    for (const EncodedImage& image : std::get<std::vector<EncodedImage>>(inputs.images)) {
      files.emplace_back(image.bytes.begin(), image.bytes.end());
    }
    return files;
  }

  TestAdmission admission_{1000};
};

TEST_F(InferInputsTest, TakesRawPixelsWhereTheyAre) {
  const ModelInferRequest request = Pixels();
  const auto inputs = Read(request);
  ASSERT_TRUE(inputs.ok()) << inputs.status();
  EXPECT_EQ(inputs->batch_size, 1);
  EXPECT_EQ(TensorOf(*inputs).shape(), Shape({1, 2, 3, 3}));
  EXPECT_EQ(TensorOf(*inputs).dtype(), DType::kUInt8);
  EXPECT_EQ(TensorOf(*inputs).raw_data(), request.raw_input_contents(0).data());
}

TEST_F(InferInputsTest, TakesTypedPixels) {
  ModelInferRequest request = InferRequestOf("pixels", "UINT8", {4, 2, 3, 3});
  for (uint32_t i = 0; i < 4 * kImage; ++i) {
    request.mutable_inputs(0)->mutable_contents()->add_uint_contents(i);
  }
  const auto inputs = Read(request);
  ASSERT_TRUE(inputs.ok()) << inputs.status();
  EXPECT_EQ(inputs->batch_size, 4);
  EXPECT_EQ(TensorOf(*inputs).data<uint8_t>()[71], 71);
}

TEST_F(InferInputsTest, TakesFloatsRawAndTyped) {
  std::vector<float> values(2 * kImage, 0.5F);
  values.back() = -3;
  ModelInferRequest request = InferRequestOf("tensor", "FP32", {2, 3, 2, 3});
  request.add_raw_input_contents(RawOf(values));
  auto inputs = Read(request);
  ASSERT_TRUE(inputs.ok()) << inputs.status();
  EXPECT_EQ(TensorOf(*inputs).data<float>()[35], -3);

  request.clear_raw_input_contents();
  request.mutable_inputs(0)->mutable_contents()->mutable_fp32_contents()->Add(values.begin(),
                                                                              values.end());
  inputs = Read(request);
  ASSERT_TRUE(inputs.ok()) << inputs.status();
  EXPECT_EQ(TensorOf(*inputs).shape(), Shape({2, 3, 2, 3}));
  EXPECT_EQ(TensorOf(*inputs).data<float>()[35], -3);
}

TEST_F(InferInputsTest, TakesHalvesRaw) {
  ModelInferRequest request = InferRequestOf("tensor", "FP16", {1, 3, 2, 3});
  request.add_raw_input_contents(std::string(2 * kImage, '\0'));
  const auto inputs = Read(request);
  ASSERT_TRUE(inputs.ok()) << inputs.status();
  EXPECT_EQ(TensorOf(*inputs).dtype(), DType::kFloat16);
}

TEST_F(InferInputsTest, TakesFilesRawAndTypedWithAndWithoutTheSecondDimension) {
  std::string raw;
  AppendRawBytes("first", raw);
  AppendRawBytes("", raw);
  for (const std::vector<int64_t>& shape : {std::vector<int64_t>{2, 1}, std::vector<int64_t>{2}}) {
    ModelInferRequest request = InferRequestOf("encoded", "BYTES", shape);
    request.add_raw_input_contents(raw);
    auto inputs = Read(request);
    ASSERT_TRUE(inputs.ok()) << inputs.status();
    EXPECT_THAT(FilesOf(*inputs), ElementsAre("first", ""));

    request.clear_raw_input_contents();
    request.mutable_inputs(0)->mutable_contents()->add_bytes_contents("first");
    request.mutable_inputs(0)->mutable_contents()->add_bytes_contents("");
    inputs = Read(request);
    ASSERT_TRUE(inputs.ok()) << inputs.status();
    EXPECT_EQ(inputs->batch_size, 2);
    EXPECT_THAT(FilesOf(*inputs), ElementsAre("first", ""));
  }
}

struct Refused {
  const char* name;
  std::function<void(ModelInferRequest&)> change;  // of a good request for pixels
  std::string message;
};

class RefusedInputsTest : public InferInputsTest, public testing::WithParamInterface<Refused> {};

TEST_P(RefusedInputsTest, AreNamed) {
  ModelInferRequest request = Pixels();
  GetParam().change(request);
  const absl::Status status = Read(request).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), GetParam().message);
}

void SetShape(ModelInferRequest& request, const std::vector<int64_t>& shape) {
  auto& found = *request.mutable_inputs(0)->mutable_shape();
  found.Clear();
  found.Add(shape.begin(), shape.end());
}

Refused WithShape(const char* name, const std::vector<int64_t>& shape, const std::string& found) {
  return {name, [shape](auto& request) { SetShape(request, shape); },
          "input \"pixels\": shape " + found};
}

Refused WithType(const char* type) {
  return {type, [type](auto& request) { request.mutable_inputs(0)->set_datatype(type); },
          absl::StrCat("input \"pixels\": datatype is \"", type, "\", wanted UINT8")};
}

INSTANTIATE_TEST_SUITE_P(
    Names, RefusedInputsTest,
    testing::Values(
        Refused{"None", [](auto& request) { request.clear_inputs(); },
                "inputs: found none, wanted one of \"pixels\", \"tensor\", \"encoded\""},
        Refused{"Unknown", [](auto& request) { request.mutable_inputs(0)->set_name("image"); },
                "input \"image\": the model has none of this name, wanted one of \"pixels\", "
                "\"tensor\", \"encoded\""},
        Refused{"Long",
                [](auto& request) { request.mutable_inputs(0)->set_name(std::string(1000, 'x')); },
                "input \"" + std::string(64, 'x') +
                    "...\": the model has none of this name, wanted one of \"pixels\", "
                    "\"tensor\", \"encoded\""},
        Refused{"Twice", [](auto& request) { *request.add_inputs() = request.inputs(0); },
                "input \"pixels\": found twice"},
        Refused{"TwoOfThem", [](auto& request) { request.add_inputs()->set_name("tensor"); },
                "inputs: found \"pixels\" and \"tensor\", wanted one of \"pixels\", \"tensor\", "
                "\"encoded\""}),
    [](const auto& info) { return std::string(info.param.name); });

INSTANTIATE_TEST_SUITE_P(Types, RefusedInputsTest,
                         testing::Values(WithType("BOOL"), WithType("UINT16"), WithType("UINT32"),
                                         WithType("UINT64"), WithType("INT8"), WithType("INT16"),
                                         WithType("INT32"), WithType("INT64"), WithType("FP16"),
                                         WithType("FP32"), WithType("FP64"), WithType("BYTES"),
                                         WithType("BF16"), WithType("uint8"), WithType("")),
                         [](const auto& info) {
                           return *info.param.name == '\0' ? "Empty"
                                                           : absl::StrCat("Type_", info.param.name);
                         });

INSTANTIATE_TEST_SUITE_P(
    Shapes, RefusedInputsTest,
    testing::Values(
        WithShape("NoDimensions", {}, "has rank 0, wanted [batch,2,3,3]"),
        WithShape("NoBatch", {2, 3, 3}, "has rank 3, wanted [batch,2,3,3]"),
        WithShape("ManyDimensions", std::vector<int64_t>(10000, 1),
                  "has rank 10000, wanted [batch,2,3,3]"),
        WithShape("Transposed", {1, 3, 2, 3},
                  "is [1,3,2,3], wanted [batch,2,3,3] with a batch of 1 to 4"),
        WithShape("BatchOfNone", {0, 2, 3, 3},
                  "is [0,2,3,3], wanted [batch,2,3,3] with a batch of 1 to 4"),
        WithShape("BatchTooLarge", {5, 2, 3, 3},
                  "is [5,2,3,3], wanted [batch,2,3,3] with a batch of 1 to 4"),
        WithShape("NegativeBatch", {-1, 2, 3, 3},
                  "is [-1,2,3,3], wanted [batch,2,3,3] with a batch of 1 to 4"),
        WithShape("NegativeDimensions", {1, -2, -3, 3},
                  "is [1,-2,-3,3], wanted [batch,2,3,3] with a batch of 1 to 4"),
        WithShape("HugeBatch", {kHuge, 2, 3, 3},
                  "is [9223372036854775807,2,3,3], wanted [batch,2,3,3] with a batch of 1 to 4"),
        WithShape("ProductOverflows", {1, kHuge, kHuge, 3},
                  "is [1,9223372036854775807,9223372036854775807,3], wanted [batch,2,3,3] with a "
                  "batch of 1 to 4")),
    [](const auto& info) { return std::string(info.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Contents, RefusedInputsTest,
    testing::Values(
        Refused{"OneByteLess",
                [](auto& request) { request.mutable_raw_input_contents(0)->pop_back(); },
                "input \"pixels\": found 17 bytes, wanted 18 for 18 elements of UINT8"},
        Refused{"OneByteMore",
                [](auto& request) { request.mutable_raw_input_contents(0)->push_back('x'); },
                "input \"pixels\": found 19 bytes, wanted 18 for 18 elements of UINT8"},
        Refused{"NoContents", [](auto& request) { request.clear_raw_input_contents(); },
                "raw_input_contents: found 0, wanted 1, one for each input that is not in shared "
                "memory"},
        Refused{"MoreContentsThanInputs",
                [](auto& request) { request.add_raw_input_contents("x"); },
                "raw_input_contents: found 2, wanted 1, one for each input that is not in shared "
                "memory"},
        Refused{"RawAndTyped",
                [](auto& request) {
                  request.mutable_inputs(0)->mutable_contents()->add_uint_contents(1);
                },
                "input \"pixels\": found contents and raw_input_contents, wanted one of them"},
        Refused{"WrongField",
                [](auto& request) {
                  request.clear_raw_input_contents();
                  request.mutable_inputs(0)->mutable_contents()->add_int_contents(1);
                },
                "input \"pixels\": found int_contents, wanted uint_contents for UINT8"},
        Refused{"TooFewElements",
                [](auto& request) {
                  request.clear_raw_input_contents();
                  request.mutable_inputs(0)->mutable_contents()->add_uint_contents(1);
                },
                "input \"pixels\": found 1 elements in uint_contents, wanted 18"},
        Refused{"ElementOutOfRange",
                [](auto& request) {
                  request.clear_raw_input_contents();
                  auto& contents = *request.mutable_inputs(0)->mutable_contents();
                  for (size_t i = 0; i < kImage; ++i) contents.add_uint_contents(i == 17 ? 256 : 0);
                },
                "input \"pixels\": element 17 is 256, wanted 0 to 255 for UINT8"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST_F(InferInputsTest, HalvesHaveNoTypedForm) {
  ModelInferRequest request = InferRequestOf("tensor", "FP16", {1, 3, 2, 3});
  request.mutable_inputs(0)->mutable_contents()->add_fp32_contents(1);
  EXPECT_EQ(Read(request).status().message(),
            "input \"tensor\": found contents of FP16, which has no field for them, wanted "
            "raw_input_contents");
}

TEST_F(InferInputsTest, FilesAreAsManyAsTheBatch) {
  ModelInferRequest request = InferRequestOf("encoded", "BYTES", {2, 1});
  std::string raw;
  AppendRawBytes("one", raw);
  request.add_raw_input_contents(raw);
  EXPECT_EQ(Read(request).status().message(),
            "input \"encoded\": found 0 bytes before element 1, wanted its length in 4, for 2 "
            "elements");
  SetShape(request, {2, 2});
  EXPECT_EQ(Read(request).status().message(),
            "input \"encoded\": shape is [2,2], wanted [batch,1] with a batch of 1 to 4");
  SetShape(request, {5});
  EXPECT_EQ(Read(request).status().message(),
            "input \"encoded\": shape is [5], wanted [batch,1] with a batch of 1 to 4");
}

class SharedInputsTest : public InferInputsTest {
 protected:
  SharedInputsTest() { EXPECT_TRUE(regions_.Register("r", object_.key(), 0, 4000).ok()); }

  static ModelInferRequest Shared(int64_t offset, int64_t byte_size) {
    ModelInferRequest request = InferRequestOf("pixels", "UINT8", {1, 2, 3, 3});
    auto& parameters = *request.mutable_inputs(0)->mutable_parameters();
    parameters["shared_memory_region"].set_string_param("r");
    parameters["shared_memory_byte_size"].set_int64_param(byte_size);
    parameters["shared_memory_offset"].set_int64_param(offset);
    return request;
  }

  SharedMemoryObject object_{4000};
  SharedMemoryRegions regions_;
};

TEST_F(SharedInputsTest, ComeFromTheRegionAndNeedNoRawEntry) {
  object_.Write(7, std::string(kImage, 's'));
  const auto inputs = Read(Shared(7, kImage), &regions_);
  ASSERT_TRUE(inputs.ok()) << inputs.status();
  EXPECT_EQ(TensorOf(*inputs).data<uint8_t>()[17], 's');
}

TEST_F(SharedInputsTest, DoNotTakeTheRawEntryOfAnother) {
  ModelInferRequest request = Shared(0, kImage);
  request.add_raw_input_contents(std::string(kImage, 'x'));
  EXPECT_EQ(Read(request, &regions_).status().message(),
            "raw_input_contents: found 1, wanted 0, one for each input that is not in shared "
            "memory");
  request.clear_raw_input_contents();
  request.mutable_inputs(0)->mutable_contents()->add_uint_contents(1);
  EXPECT_EQ(Read(request, &regions_).status().message(),
            "input \"pixels\": found contents and a shared memory region, wanted one of them");
}

TEST_F(SharedInputsTest, HaveTheSizeOfTheElements) {
  EXPECT_EQ(Read(Shared(0, kImage + 1), &regions_).status().message(),
            "input \"pixels\": found 19 bytes, wanted 18 for 18 elements of UINT8");
}

TEST_F(SharedInputsTest, LieInTheRegion) {
  EXPECT_EQ(Read(Shared(3999, kImage), &regions_).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(SharedInputsTest, CountForTheMemoryOfRequestsInFlight) {
  ModelInferRequest request = Shared(0, 1001);
  request.mutable_inputs(0)->set_name("encoded");
  request.mutable_inputs(0)->set_datatype("BYTES");
  SetShape(request, {1, 1});
  const absl::Status status = Read(request, &regions_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(status.message(),
            "requests in flight hold too much memory: 1001 bytes came, max_in_flight_bytes is "
            "1000");
}

TEST_F(SharedInputsTest, AreNotImplementedWithoutSharedMemory) {
  const absl::Status status = Read(Shared(0, kImage)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(status.message(),
            "shared memory is switched off on this server (--system-shared-memory)");
}

TEST_F(InferInputsTest, ImagesOfAnySizeAreTakenIfTheModelTakesAny) {
  Admission::Ticket ticket = admission_.Admit();
  ModelInferRequest request = InferRequestOf("pixels", "UINT8", {2, 4, 5, 3});
  request.add_raw_input_contents(std::string(2 * 4 * 5 * 3, 'p'));
  const auto inputs = ReadInputs(request, SmallDetectorTensors(), nullptr, ticket);
  ASSERT_TRUE(inputs.ok()) << inputs.status();
  EXPECT_EQ(inputs->batch_size, 2);
  EXPECT_EQ(TensorOf(*inputs).shape(), Shape({2, 4, 5, 3}));
}

TEST_F(InferInputsTest, SizesThatNoPictureHasAreRefusedBeforeTheyAreMultiplied) {
  Admission::Ticket ticket = admission_.Admit();
  for (const int64_t extent : {int64_t{0}, int64_t{-1}, int64_t{1} << 40, kHuge}) {
    ModelInferRequest request = InferRequestOf("pixels", "UINT8", {1, extent, 5, 3});
    request.add_raw_input_contents("p");
    const auto inputs = ReadInputs(request, SmallDetectorTensors(), nullptr, ticket);
    EXPECT_EQ(inputs.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(inputs.status().message(),
              absl::StrCat("input \"pixels\": shape is [1,", extent,
                           ",5,3], wanted [batch,-1,-1,3] with a batch of 1 to 4"));
  }
}

}  // namespace
}  // namespace localmamba::server
