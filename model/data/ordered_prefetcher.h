// Work on a sequence of batches by several threads, a few batches ahead of whoever takes them.
#ifndef LOCALMAMBA_MODEL_DATA_ORDERED_PREFETCHER_H_
#define LOCALMAMBA_MODEL_DATA_ORDERED_PREFETCHER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernels/base/check.h"
#include "kernels/base/mutex.h"

namespace localmamba {

// A Batch has `int64_t parts() const`, at least 1, and `absl::Status RunPart(int64_t part)`, which
// is called once for each part, from several threads at once. Batches come out in the order in
// which they were made, whichever is done first.
template <class Batch>
class OrderedPrefetcher {
 public:
  // Makes the next batch, or null after the last. Called by one thread at a time.
  using Make = absl::AnyInvocable<absl::StatusOr<std::unique_ptr<Batch>>()>;

  // `threads` and `depth`, the batches in work or ready at any time, are at least 1.
  OrderedPrefetcher(int threads, int depth, Make make)
      : depth_(static_cast<size_t>(depth)), make_(std::move(make)) {
    LM_CHECK(threads >= 1 && depth >= 1);
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
  }
  OrderedPrefetcher(const OrderedPrefetcher&) = delete;
  OrderedPrefetcher& operator=(const OrderedPrefetcher&) = delete;

  // Waits for the parts that are being run, and starts no others.
  ~OrderedPrefetcher() {
    {
      MutexLock lock(mu_);
      stopping_ = true;
    }
    for (std::thread& thread : threads_) thread.join();
  }

  // The next batch with all its parts done, or null after the last. Waits for it.
  // Errors: the first one in the order of batches, of `make` or of a part; again in later calls.
  absl::StatusOr<std::unique_ptr<Batch>> Next() ABSL_LOCKS_EXCLUDED(mu_) {
    MutexLock lock(mu_);
    mu_.Await([this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
      return FrontIsDone() || (ended_ && queue_.empty());
    });
    if (queue_.empty()) return std::unique_ptr<Batch>();
    Entry& front = *queue_.front();
    if (!front.status.ok()) return front.status;  // it stays, for later calls
    std::unique_ptr<Batch> batch = std::move(front.batch);
    queue_.pop_front();
    return batch;
  }

 private:
  struct Entry {
    std::unique_ptr<Batch> batch;  // null if it could not be made
    int64_t parts = 0;
    int64_t started = 0;  // parts
    int64_t done = 0;     // parts
    absl::Status status;  // the first error
  };

  bool FrontIsDone() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return !queue_.empty() && queue_.front()->done == queue_.front()->parts;
  }
  // A batch is begun when all parts of the one before are at least started.
  bool HasPart() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return !queue_.empty() && queue_.back()->started < queue_.back()->parts;
  }
  bool CanBegin() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return !ended_ && queue_.size() < depth_;
  }

  void BeginBatch() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    absl::StatusOr<std::unique_ptr<Batch>> batch = make_();
    if (batch.ok() && *batch == nullptr) {
      ended_ = true;
      return;
    }
    auto entry = std::make_unique<Entry>();
    if (batch.ok()) {
      entry->batch = *std::move(batch);
      entry->parts = entry->batch->parts();
    } else {
      entry->status = batch.status();
      ended_ = true;
    }
    queue_.push_back(std::move(entry));
  }

  void Work() ABSL_LOCKS_EXCLUDED(mu_) {
    while (true) {
      Entry* entry = nullptr;
      int64_t part = 0;
      {
        MutexLock lock(mu_);
        mu_.Await([this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
          return stopping_ || HasPart() || CanBegin();
        });
        if (stopping_) return;
        if (!HasPart()) BeginBatch();
        if (!HasPart()) continue;  // there are no more batches
        entry = queue_.back().get();
        part = entry->started++;
      }
      const absl::Status status = entry->batch->RunPart(part);
      MutexLock lock(mu_);
      entry->status.Update(status);
      ++entry->done;
      if (!status.ok()) ended_ = true;
    }
  }

  const size_t depth_;
  Mutex mu_;
  Make make_ ABSL_GUARDED_BY(mu_);
  std::deque<std::unique_ptr<Entry>> queue_ ABSL_GUARDED_BY(mu_);  // in order
  bool ended_ ABSL_GUARDED_BY(mu_) = false;                        // no further batch is made
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<std::thread> threads_;  // immutable after construction
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_DATA_ORDERED_PREFETCHER_H_
