// Runs jobs by a test's word only.
#ifndef LOCALMAMBA_TESTS_SUPPORT_FAKE_JOB_RUNNER_H_
#define LOCALMAMBA_TESTS_SUPPORT_FAKE_JOB_RUNNER_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "kernels/base/mutex.h"
#include "server/jobs/job_runner.h"

namespace localmamba::server {

class FakeJobRunner final : public JobRunner {
 public:
  struct Started {
    JobTask task;
    JobObserver* observer;
    std::shared_ptr<std::atomic<bool>> stop_requested;
    std::shared_ptr<std::atomic<bool>> ended = std::make_shared<std::atomic<bool>>(false);

    void Report(const v1::TrainerEvent& event) const { observer->OnEvent(event); }
    void Finish(const std::string& result) const {
      v1::TrainerEvent event;
      event.mutable_finished()->set_result(result);
      Report(event);
      End({JobExit::Kind::kFinished, ""});
    }
    void Fail(const std::string& message) const { End({JobExit::Kind::kFailed, message}); }
    void EndStopped() const { End({JobExit::Kind::kStopped, ""}); }
    void End(const JobExit& exit) const {
      *ended = true;
      observer->OnExit(exit);
    }
  };

  std::unique_ptr<RunningJob> Start(const JobTask& task, JobObserver& observer) override {
    auto stop = std::make_shared<std::atomic<bool>>(false);
    MutexLock lock(mu_);
    started_.push_back({task, &observer, stop});
    return std::make_unique<Handle>(stop);
  }

  // The job that was started as number `index` (from 0); waits until there is one.
  Started Await(size_t index) {
    MutexLock lock(mu_);
    mu_.Await([&] { return started_.size() > index; });
    return started_[index];
  }
  size_t count() {
    MutexLock lock(mu_);
    return started_.size();
  }

 private:
  class Handle final : public RunningJob {
   public:
    explicit Handle(std::shared_ptr<std::atomic<bool>> stop) : stop_(std::move(stop)) {}
    void Stop() override { *stop_ = true; }

   private:
    const std::shared_ptr<std::atomic<bool>> stop_;
  };

  Mutex mu_;
  std::vector<Started> started_ ABSL_GUARDED_BY(mu_);
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_TESTS_SUPPORT_FAKE_JOB_RUNNER_H_
