// Work of a stream recorded once and launched many times at the price of one launch.
#ifndef LOCALMAMBA_KERNELS_DEVICE_GRAPH_H_
#define LOCALMAMBA_KERNELS_DEVICE_GRAPH_H_

#include <memory>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernels/device/stream.h"

namespace localmamba {

// The recorded work reads and writes the addresses it was recorded with: they must stay allocated
// as long as it is launched. Launches on one stream run one after the other.
class Graph {
 public:
  virtual ~Graph() = default;

  // Records what `enqueue` puts on `stream`; nothing runs. While it records, `enqueue` must not
  // wait for the stream and must not take memory from the device: run the same work once before.
  // Errors: those of `enqueue`; UNIMPLEMENTED on the CPU; INTERNAL if the device cannot record it.
  static absl::StatusOr<std::unique_ptr<Graph>> Capture(Stream& stream,
                                                        absl::FunctionRef<absl::Status()> enqueue);

  // Enqueues the recorded work and does not wait.
  virtual absl::Status Launch(Stream& stream) = 0;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_DEVICE_GRAPH_H_
