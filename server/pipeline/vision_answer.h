// What every answer tells of itself, and what answers are made of.
#ifndef LOCALMAMBA_SERVER_PIPELINE_VISION_ANSWER_H_
#define LOCALMAMBA_SERVER_PIPELINE_VISION_ANSWER_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "model/vision/keep_ratio.h"
#include "server/batching/batch_request.h"

namespace localmamba::server {

struct StageTimings {
  absl::Duration preprocess;  // with the wait for a thread
  absl::Duration queue;
  absl::Duration compute;  // of the whole batch
  absl::Duration postprocess;
  absl::Duration total;
  size_t batch_size = 0;  // 0 if the response cache had the answer
};

struct VisionAnswer {
  std::string model;
  int64_t version = 0;
  StageTimings timings;
};

// What the network said of one picture.
struct ImageResult {
  const InferenceResult& network;  // of one image
  const ImageGeometry& geometry;   // of models whose images keep their proportions
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_PIPELINE_VISION_ANSWER_H_
