// Which classes are the likeliest.
#ifndef LOCALMAMBA_SERVER_PIPELINE_CLASSIFY_QUESTION_H_
#define LOCALMAMBA_SERVER_PIPELINE_CLASSIFY_QUESTION_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/vision/postprocess.h"
#include "server/pipeline/vision_answer.h"
#include "server/repository/model_version.h"

namespace localmamba::server {

struct Classification : VisionAnswer {
  std::vector<ClassScore> classes;  // the likeliest first
};

struct ClassifyQuestion {
  using Answer = Classification;
  static constexpr ModelTask kTask = ModelTask::kClassification;
  static constexpr bool kLongAnswer = false;

  std::optional<int64_t> top_k;  // unset: 5, or all classes if there are fewer

  // Errors: INVALID_ARGUMENT, with a reject reason, naming what `model` cannot answer.
  [[nodiscard]] absl::Status Check(const ModelVersion& model) const;
  // Errors: those of TopClasses.
  [[nodiscard]] absl::StatusOr<Classification> MakeAnswer(const ModelVersion& model,
                                                          const ImageResult& result) const;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_PIPELINE_CLASSIFY_QUESTION_H_
