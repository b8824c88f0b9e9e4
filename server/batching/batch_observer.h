// Who hears what a BatchRunner does.
#ifndef LOCALMAMBA_SERVER_BATCHING_BATCH_OBSERVER_H_
#define LOCALMAMBA_SERVER_BATCHING_BATCH_OBSERVER_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace localmamba::server {

// Where a request was given up.
enum class ShedStage : uint8_t {
  kOffer,   // before any work was done for it
  kQueue,   // on entry into the queue
  kLaunch,  // in the queue, before its turn
};

// "offer", and so on: values of the metric's label `stage`.
constexpr absl::string_view ToString(ShedStage stage) {
  switch (stage) {
    case ShedStage::kOffer:
      return "offer";
    case ShedStage::kQueue:
      return "queue";
    case ShedStage::kLaunch:
      return "launch";
  }
  return "";
}

// A batch as the engine gets it.
struct LaunchedBatch {
  size_t images = 0;
  size_t padding = 0;    // images computed besides
  size_t abandoned = 0;  // requests whose callers had left
  bool again = false;    // after a failure
};

// How a launched batch was run.
struct FinishedBatch {
  size_t images = 0;
  size_t requests = 0;
  absl::Duration compute;   // with the copies
  absl::Duration copy_in;   // to the device
  absl::Duration copy_out;  // from it
};

// Called by the runner's threads and by those that enqueue, by several at once; must be quick.
class BatchObserver {
 public:
  virtual ~BatchObserver() = default;
  virtual void OnQueue(size_t requests, size_t bytes) = 0;  // that wait now
  virtual void OnShed(ShedStage stage, const absl::Status& why) = 0;
  virtual void OnLaunch(const LaunchedBatch& batch) = 0;
  // A launched batch has been run, or has failed; answers are about to be given.
  virtual void OnFinish(const absl::Status& status, const FinishedBatch& batch) = 0;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_BATCHING_BATCH_OBSERVER_H_
