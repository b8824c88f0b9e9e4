// What `evaluate` is asked for, and what the evaluations of all tasks share.
#ifndef LOCALMAMBA_TOOL_EVALUATE_OPTIONS_H_
#define LOCALMAMBA_TOOL_EVALUATE_OPTIONS_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "model/data/keep_ratio_loader.h"
#include "server/repository/model_version.h"

namespace localmamba::tool {

struct EvaluateOptions {
  std::string data;
  std::optional<std::string> part;  // of classifiers and segmenters; unset: "val"
  int64_t batch = 0;                // 0: the task's own
  int64_t limit = 0;                // images, evenly spaced; 0: all
  double max_unreadable_share = 0.01;
  bool json = false;

  // Of detectors.
  std::string annotations;
  std::string results;  // prefix of files; "": none

  // Of segmenters.
  bool reduce_zero_label = false;
  std::string mode;  // "whole", "slide", or "": as the model says
};

// Each measures the accuracy of a model of its task and prints it. Errors: those of reading the
// data, naming the file at fault, and of Engine::Run; INVALID_ARGUMENT if data and model do not fit.
absl::Status EvaluateClassifier(const ModelVersion& version, const EvaluateOptions& options);
absl::Status EvaluateDetector(const ModelVersion& version, const EvaluateOptions& options);
absl::Status EvaluateSegmenter(const ModelVersion& version, const EvaluateOptions& options);

// How a detector or segmenter gets its images. Errors: those of KeepRatioLoader::Create.
absl::StatusOr<std::unique_ptr<KeepRatioLoader>> LoadImages(const ModelVersion& version,
                                                            const EvaluateOptions& options,
                                                            const ImageList& images,
                                                            std::vector<int64_t> indices,
                                                            Allocator& host);

// The images that are asked for.
std::vector<int64_t> ChooseImages(const EvaluateOptions& options, int64_t size);

// Threads that decode beside the network.
int DecodingThreads();

class Timer {
 public:
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace localmamba::tool

#endif  // LOCALMAMBA_TOOL_EVALUATE_OPTIONS_H_
