// A repository of tiny models in a temporary folder.
#ifndef LOCALMAMBA_TESTS_SUPPORT_TINY_REPOSITORY_H_
#define LOCALMAMBA_TESTS_SUPPORT_TINY_REPOSITORY_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "kernels/base/check.h"
#include "model/heads/create_model.h"
#include "model/weights/initialize.h"
#include "server/repository/write_model.h"

namespace localmamba {

// Two layers, three classes, images of 32 x 32.
inline ModelSpec TinySpec() {
  LocalVimConfig config;
  config.scan.directions = {{*ScanDirection::Parse("h")}, {*ScanDirection::Parse("w2")}};
  config.image_height = config.image_width = 32;
  config.patch_size = 8;
  config.embed_dim = 16;
  config.num_classes = 3;
  ModelSpec spec;
  spec.network = config;
  spec.preprocess = {.resize_short_side = 32, .crop_height = 32, .crop_width = 32};
  return spec;
}

// Four stages of one block each, as a backbone of heads.
inline LocalVMambaConfig TinyBackbone() {
  LocalVMambaConfig config;
  config.scan.directions.assign(4, {*ScanDirection::Parse("h"), *ScanDirection::Parse("w2_flip")});
  config.dims = {8, 16, 16, 16};
  config.depths = {1, 1, 1, 1};
  config.num_classes = 0;
  config.out_indices = {0, 1, 2, 3};
  return config;
}

// Five classes; images of at most 96 x 64 pixels, without padding.
inline ModelSpec TinySegmenterSpec() {
  ModelSpec spec;
  spec.task = ModelTask::kSegmentation;
  spec.network = TinyBackbone();
  spec.head = SegmentationConfig{.num_classes = 5, .channels = 16};
  spec.keep_ratio = KeepRatioConfig{.long_side = 96, .short_side = 64, .pad_divisor = 1};
  return spec;
}

// Three classes, up to 10 objects; images of at most 96 x 64 pixels, padded to multiples of 32.
inline ModelSpec TinyDetectorSpec() {
  ModelSpec spec;
  spec.task = ModelTask::kDetection;
  spec.network = TinyBackbone();
  DetectionConfig detection;
  detection.num_classes = 3;
  detection.channels = 16;
  detection.box_fc_width = 16;
  detection.mask_convs = 1;
  detection.proposal_candidates = 50;
  detection.max_proposals = 50;
  detection.score_threshold = 0.05F;
  detection.max_detections = 10;
  spec.head = detection;
  spec.keep_ratio = KeepRatioConfig{.long_side = 96, .short_side = 64, .pad_divisor = 32};
  return spec;
}

class TinyRepository {
 public:
  TinyRepository() {
    std::string name = testing::TempDir() + "repository-XXXXXX";
    LM_CHECK(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  TinyRepository(const TinyRepository&) = delete;
  TinyRepository& operator=(const TinyRepository&) = delete;
  ~TinyRepository() { std::filesystem::remove_all(path_); }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  // Replaces the model.json of `model`, too.
  absl::Status Write(const std::string& model, int64_t version, const ModelSpec& spec = TinySpec(),
                     const std::string& labels_json = "") const {
    const auto memory = *CreateDeviceAllocator(Device::Cpu());
    const auto network = *CreateModel(spec.network, spec.head);
    LM_CHECK(InitializeParameters(network->parameters(), 0, *memory).ok());
    return WriteModel((path_ / model).string(), spec, network->parameters(),
                      {.version = version, .overwrite = true, .labels_json = labels_json});
  }

 private:
  std::filesystem::path path_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_TESTS_SUPPORT_TINY_REPOSITORY_H_
