#include "kernels/device/graph.h"

#include "kernels/device/native_stream.h"

namespace localmamba {

absl::StatusOr<std::unique_ptr<Graph>> Graph::Capture(Stream& stream,
                                                      absl::FunctionRef<absl::Status()> enqueue) {
  if (stream.native() == nullptr) {
    return absl::UnimplementedError("graph: work of the CPU cannot be recorded");
  }
  return stream.native()->Capture(enqueue);
}

}  // namespace localmamba
