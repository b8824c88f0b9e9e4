// What the classifier's linear layer sees of a picture.
#ifndef LOCALMAMBA_SERVER_PIPELINE_EMBED_QUESTION_H_
#define LOCALMAMBA_SERVER_PIPELINE_EMBED_QUESTION_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/pipeline/vision_answer.h"
#include "server/repository/model_version.h"

namespace localmamba::server {

struct Embedding : VisionAnswer {
  std::vector<float> features;
};

struct EmbedQuestion {
  using Answer = Embedding;
  static constexpr ModelTask kTask = ModelTask::kClassification;
  static constexpr bool kLongAnswer = false;

  [[nodiscard]] absl::Status Check(const ModelVersion& /*model*/) const { return absl::OkStatus(); }
  [[nodiscard]] absl::StatusOr<Embedding> MakeAnswer(const ModelVersion& /*model*/,
                                                     const ImageResult& result) const {
    Embedding answer;
    const Tensor& pooled = result.network.pooled;
    if (!pooled.empty()) {
      answer.features.assign(pooled.data<float>(), pooled.data<float>() + pooled.elements());
    }
    return answer;
  }
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_PIPELINE_EMBED_QUESTION_H_
