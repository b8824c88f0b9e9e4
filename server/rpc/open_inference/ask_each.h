// One question about each of several images.
#ifndef LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_ASK_EACH_H_
#define LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_ASK_EACH_H_

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "kernels/base/annotate.h"
#include "kernels/base/mutex.h"
#include "server/pipeline/prepare_batch.h"
#include "server/pipeline/vision_pipeline.h"

namespace localmamba::server {

// Counts the answers that are missing, and keeps the first error.
template <class Answer>
class AnswersToAwait {
 public:
  using Done = VisionPipeline::Callback<std::vector<Answer>>;

  AnswersToAwait(size_t images, Done done)
      : done_(std::move(done)), missing_(images), answers_(images) {}

  void Take(size_t index, absl::StatusOr<Answer> answer) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::StatusOr<std::vector<Answer>> result = absl::UnknownError("");
    {
      const MutexLock lock(mu_);
      if (answer.ok()) {
        answers_[index] = *std::move(answer);
      } else if (answers_.size() == 1) {
        failure_ = answer.status();
      } else {
        failure_.Update(
            Annotate(answer.status(), absl::StrCat("image ", index, " of ", answers_.size())));
      }
      if (--missing_ > 0) return;
      if (failure_.ok()) {
        result = std::move(answers_);
      } else {
        result = failure_;
      }
    }
    done_(std::move(result));
  }

 private:
  Done done_;  // called once

  Mutex mu_;
  size_t missing_ ABSL_GUARDED_BY(mu_);
  std::vector<Answer> answers_ ABSL_GUARDED_BY(mu_);
  absl::Status failure_ ABSL_GUARDED_BY(mu_);
};

// The images of `batch`, which are files or u8 pixels, each of which is a request of its own. The
// bytes live until `done` is called, which happens once, with all answers, in order, or with the
// first error, when no image is worked on any more.
template <class Question>
void AskEach(VisionPipeline& pipeline, const InferRequest& batch, const Question& question,
             VisionPipeline::Callback<std::vector<typename Question::Answer>> done) {
  using Answer = typename Question::Answer;
  const size_t images = CountOf(batch.images);
  const auto answers = std::make_shared<AnswersToAwait<Answer>>(images, std::move(done));
  const ModelVersion& model = batch.version->model();
  for (size_t i = 0; i < images; ++i) {
    pipeline.Ask(ImageRequest{.model = model.model,
                              .version = absl::StrCat(model.version),
                              .image = ImageOf(batch.images, i),
                              .scheduling = batch.scheduling,
                              .context = batch.context},
                 question, [answers, i](absl::StatusOr<Answer> answer) {
                   answers->Take(i, std::move(answer));
                 });
  }
}

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_ASK_EACH_H_
