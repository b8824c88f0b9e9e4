#include "server/rpc/open_inference/infer_outputs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/shared_memory_object.h"
#include "tests/support/small_tensors.h"

namespace localmamba::server {
namespace {

using inference::ModelInferRequest;

class InferOutputsTest : public testing::Test {
 protected:
  InferOutputsTest() { EXPECT_TRUE(regions_.Register("r", object_.key(), 0, 100).ok()); }

  ModelInferRequest::InferRequestedOutputTensor& Add(const std::string& name) {
    auto& output = *request_.add_outputs();
    output.set_name(name);
    return output;
  }

  void AddShared(const std::string& name, int64_t byte_size) {
    auto& parameters = *Add(name).mutable_parameters();
    parameters["shared_memory_region"].set_string_param("r");
    parameters["shared_memory_byte_size"].set_int64_param(byte_size);
  }

  absl::StatusOr<std::vector<WantedOutput>> Read() {
    return ReadOutputs(request_, SmallTensors(), 2, &regions_);
  }

  std::string Message() {
    const absl::Status status = Read().status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  }

  ModelInferRequest request_;
  SharedMemoryObject object_{100};
  SharedMemoryRegions regions_;
};

TEST_F(InferOutputsTest, NoneMeansAll) {
  const auto outputs = Read();
  ASSERT_TRUE(outputs.ok());
  ASSERT_EQ(outputs->size(), 3U);
  EXPECT_EQ((*outputs)[0].tensor.name, "probabilities");
  EXPECT_EQ((*outputs)[2].tensor.name, "embedding");
}

TEST_F(InferOutputsTest, TheOrderIsThatOfTheRequest) {
  Add("embedding");
  (*Add("probabilities").mutable_parameters())["classification"].set_int64_param(3);
  const auto outputs = Read();
  ASSERT_TRUE(outputs.ok());
  ASSERT_EQ(outputs->size(), 2U);
  EXPECT_EQ((*outputs)[0].tensor.role, OutputRole::kEmbedding);
  EXPECT_EQ((*outputs)[0].classes, std::nullopt);
  EXPECT_EQ((*outputs)[1].tensor.role, OutputRole::kProbabilities);
  EXPECT_EQ((*outputs)[1].classes, 3);
}

TEST_F(InferOutputsTest, UnknownNamesAreRefused) {
  Add("scores");
  EXPECT_EQ(Message(),
            "output \"scores\": the model has none of this name, wanted \"probabilities\", "
            "\"logits\", \"embedding\"");
}

TEST_F(InferOutputsTest, NamesThatComeTwiceAreRefused) {
  Add("logits");
  Add("embedding");
  Add("logits");
  EXPECT_EQ(Message(), "output \"logits\": found twice");
}

TEST_F(InferOutputsTest, SharedMemoryMustHaveRoomForTheBatch) {
  AddShared("embedding", 40);
  ASSERT_TRUE(Read().ok());
  EXPECT_NE(Read()->front().region, nullptr);
  request_.clear_outputs();
  AddShared("embedding", 39);
  EXPECT_EQ(Message(), "output \"embedding\": found room for 39 bytes in shared memory, wanted 40");
}

TEST_F(InferOutputsTest, ClassesDoNotGoToSharedMemory) {
  AddShared("logits", 80);
  (*request_.mutable_outputs(0)->mutable_parameters())["classification"].set_int64_param(1);
  EXPECT_EQ(Message(),
            "output \"logits\": found classification and a shared memory region, wanted one of "
            "them");
}

TEST_F(InferOutputsTest, WithoutSharedMemoryItIsNotImplemented) {
  AddShared("logits", 80);
  EXPECT_EQ(ReadOutputs(request_, SmallTensors(), 2, nullptr).status().code(),
            absl::StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace localmamba::server
