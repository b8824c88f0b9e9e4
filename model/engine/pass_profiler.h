// Times the operations of one forward pass.
#ifndef LOCALMAMBA_MODEL_ENGINE_PASS_PROFILER_H_
#define LOCALMAMBA_MODEL_ENGINE_PASS_PROFILER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "kernels/device/stopwatch.h"
#include "kernels/device/stream.h"
#include "model/autograd/profiler.h"

namespace localmamba {

struct OperationProfile {
  std::string layer;      // "layers.3", "patch_embed", ...; as in complexity.h
  std::string operation;  // "linear", "selective_scan", ...
  absl::Duration time;
  int64_t bytes = 0;  // each operand read once, each result written once
  int64_t macs = 0;   // multiply-accumulates of a matrix product; 0: not counted
};

// On the CPU it takes the wall time; on CUDA it puts events on the stream around each operation,
// also while the pass is recorded as a graph, and then keeps the times of the last launch.
class PassProfiler final : public Profiler {
 public:
  // `stream` outlives it.
  explicit PassProfiler(Stream& stream) : stream_(stream) {}

  void OpenLayer(absl::string_view name) override;
  void CloseLayer() override;
  void BeginOperation(absl::string_view name) override;
  void EndOperation() override;
  void AddBytes(int64_t bytes) override;
  void AddMacs(int64_t macs) override;

  // The operations in the order of the pass, which the stream has been waited for.
  // Errors: those of Stopwatch, the first one.
  [[nodiscard]] absl::StatusOr<std::vector<OperationProfile>> Finish();

 private:
  Stream& stream_;
  std::vector<std::string> layers_;  // open ones, the innermost last
  std::vector<OperationProfile> operations_;
  std::vector<std::unique_ptr<Stopwatch>> stopwatches_;  // of operations_
  absl::Status status_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_ENGINE_PASS_PROFILER_H_
