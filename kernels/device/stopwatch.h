// Time that a stretch of work takes on a stream.
#ifndef LOCALMAMBA_KERNELS_DEVICE_STOPWATCH_H_
#define LOCALMAMBA_KERNELS_DEVICE_STOPWATCH_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "kernels/device/stream.h"

namespace localmamba {

// Marks points in the stream's order, so that on CUDA it measures the device and not the calls.
// Started and stopped while a graph is recorded, it measures the graph's launches.
class Stopwatch {
 public:
  virtual ~Stopwatch() = default;
  static absl::StatusOr<std::unique_ptr<Stopwatch>> Create(Stream& stream);

  // Enqueue and do not wait.
  virtual absl::Status Start() = 0;
  virtual absl::Status Stop() = 0;
  // Time between the last Start and Stop. The stream has been waited for since.
  [[nodiscard]] virtual absl::StatusOr<absl::Duration> Elapsed() const = 0;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_DEVICE_STOPWATCH_H_
