#include "model/engine/pass_profiler.h"

#include <utility>

#include "kernels/base/status_macros.h"

namespace localmamba {

void PassProfiler::OpenLayer(absl::string_view name) { layers_.emplace_back(name); }

void PassProfiler::CloseLayer() { layers_.pop_back(); }

void PassProfiler::BeginOperation(absl::string_view name) {
  OperationProfile& operation = operations_.emplace_back();
  if (!layers_.empty()) operation.layer = layers_.back();
  operation.operation = std::string(name);
  absl::StatusOr<std::unique_ptr<Stopwatch>> stopwatch = Stopwatch::Create(stream_);
  status_.Update(stopwatch.status());
  stopwatches_.push_back(stopwatch.ok() ? *std::move(stopwatch) : nullptr);
  if (stopwatches_.back() != nullptr) status_.Update(stopwatches_.back()->Start());
}

void PassProfiler::EndOperation() {
  if (stopwatches_.back() != nullptr) status_.Update(stopwatches_.back()->Stop());
}

void PassProfiler::AddBytes(int64_t bytes) { operations_.back().bytes += bytes; }

void PassProfiler::AddMacs(int64_t macs) { operations_.back().macs += macs; }

absl::StatusOr<std::vector<OperationProfile>> PassProfiler::Finish() {
  LM_RETURN_IF_ERROR(status_);
  for (size_t i = 0; i < operations_.size(); ++i) {
    LM_ASSIGN_OR_RETURN(operations_[i].time, stopwatches_[i]->Elapsed());
  }
  return std::move(operations_);
}

}  // namespace localmamba
