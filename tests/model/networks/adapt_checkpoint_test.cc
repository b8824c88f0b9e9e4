#include "model/networks/adapt_checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "model/networks/network.h"
#include "model/weights/initialize.h"
#include "model/weights/load_weights.h"

namespace localmamba {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

LocalVimConfig Classifier() {
  LocalVimConfig config;
  config.scan.directions = {{*ScanDirection::Parse("h")}};
  config.image_height = config.image_width = 32;
  config.patch_size = 8;
  config.embed_dim = 8;
  config.num_classes = 3;
  return config;
}

class AdaptCheckpointTest : public ::testing::Test {
 protected:
  // The weights of a classifier as a checkpoint.
  NamedTensors Checkpoint(const LocalVimConfig& config) {
    const auto network = *CreateNetwork(config);
    EXPECT_TRUE(InitializeParameters(network->parameters(), 0, *memory_).ok());
    NamedTensors tensors;
    for (const Parameter& parameter : network->parameters().parameters()) {
      tensors[parameter.name] = parameter.value.tensor();
    }
    return tensors;
  }

  absl::StatusOr<AdaptedCheckpoint> Adapt(const NamedTensors& tensors,
                                          const LocalVimConfig& config) {
    network_ = *CreateNetwork(config);
    return AdaptCheckpoint(tensors, config, network_->parameters(), *memory_);
  }

  std::unique_ptr<Allocator> memory_ = *CreateDeviceAllocator(Device::Cpu());
  std::unique_ptr<Network> network_;
};

TEST_F(AdaptCheckpointTest, LeavesWhatFitsAlone) {
  const auto adapted = Adapt(Checkpoint(Classifier()), Classifier());
  ASSERT_TRUE(adapted.ok()) << adapted.status();
  EXPECT_THAT(adapted->resized, IsEmpty());
  EXPECT_THAT(adapted->initialized, IsEmpty());
  EXPECT_THAT(adapted->dropped, IsEmpty());
}

TEST_F(AdaptCheckpointTest, FitsAClassifierToALayerNormBackboneOfAnotherSize) {
  LocalVimConfig backbone = Classifier();
  backbone.image_height = 48;
  backbone.image_width = 64;
  backbone.norm = NormKind::kLayer;
  backbone.num_classes = 0;
  backbone.out_indices = {0};
  const auto adapted = Adapt(Checkpoint(Classifier()), backbone);
  ASSERT_TRUE(adapted.ok()) << adapted.status();
  EXPECT_THAT(adapted->resized, ElementsAre("pos_embed", "rope.freqs_cos", "rope.freqs_sin"));
  EXPECT_THAT(adapted->initialized,
              ElementsAre("layers.0.norm.bias", "outnorm_0.weight", "outnorm_0.bias"));
  EXPECT_THAT(adapted->dropped, ElementsAre("head.bias", "head.weight", "norm_f.weight"));
  EXPECT_TRUE(AssignWeights(adapted->tensors, *memory_, network_->parameters()).ok());
}

TEST_F(AdaptCheckpointTest, KeepsTheRowOfAClassToken) {
  LocalVimConfig config = Classifier();
  config.rope = false;
  config.middle_class_token = true;
  const NamedTensors checkpoint = Checkpoint(config);
  config.image_height = 48;
  const auto adapted = Adapt(checkpoint, config);
  ASSERT_TRUE(adapted.ok()) << adapted.status();
  const float* before = checkpoint.at("pos_embed").data<float>() + 8 * (16 / 2);
  const float* after = adapted->tensors.at("pos_embed").data<float>() + 8 * (24 / 2);
  EXPECT_TRUE(std::equal(before, before + 8, after));
}

TEST_F(AdaptCheckpointTest, ATableOfNoSquareGridIsNamed) {
  NamedTensors checkpoint = Checkpoint(Classifier());
  checkpoint["pos_embed"] = *AllocateHostTensor(DType::kFloat32, {1, 15, 8});
  const auto adapted = Adapt(checkpoint, Classifier());
  EXPECT_EQ(adapted.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(adapted.status().message()), HasSubstr("\"pos_embed\" has 15 rows"));
}

TEST_F(AdaptCheckpointTest, ATableWithoutRowsIsNamed) {
  LocalVimConfig config = Classifier();
  config.rope = false;
  config.middle_class_token = true;
  NamedTensors checkpoint = Checkpoint(config);
  checkpoint["pos_embed"] = *AllocateHostTensor(DType::kFloat32, {1, 0, 8});
  const auto adapted = Adapt(checkpoint, config);
  EXPECT_EQ(adapted.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(adapted.status().message()), HasSubstr("\"pos_embed\" has 0 rows"));
}

TEST_F(AdaptCheckpointTest, WhatMayNotBeMissingStaysMissing) {
  NamedTensors checkpoint = Checkpoint(Classifier());
  checkpoint.erase("layers.0.norm.weight");
  const auto adapted = Adapt(checkpoint, Classifier());
  ASSERT_TRUE(adapted.ok()) << adapted.status();
  const absl::Status status = AssignWeights(adapted->tensors, *memory_, network_->parameters());
  EXPECT_THAT(std::string(status.message()), HasSubstr("\"layers.0.norm.weight\" is missing"));
}

}  // namespace
}  // namespace localmamba
