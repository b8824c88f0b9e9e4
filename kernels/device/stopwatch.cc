#include "kernels/device/stopwatch.h"

#include <chrono>

#include "kernels/device/native_stream.h"

namespace localmamba {
namespace {

class CpuStopwatch final : public Stopwatch {
 public:
  absl::Status Start() override {
    start_ = std::chrono::steady_clock::now();
    return absl::OkStatus();
  }
  absl::Status Stop() override {
    stop_ = std::chrono::steady_clock::now();
    return absl::OkStatus();
  }
  [[nodiscard]] absl::StatusOr<absl::Duration> Elapsed() const override {
    return absl::FromChrono(stop_ - start_);
  }

 private:
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point stop_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Stopwatch>> Stopwatch::Create(Stream& stream) {
  if (stream.native() == nullptr) return std::make_unique<CpuStopwatch>();
  return stream.native()->CreateStopwatch(stream);
}

}  // namespace localmamba
