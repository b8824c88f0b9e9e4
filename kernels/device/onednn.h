// What every operation built on oneDNN shares: its engine, its stream, threads and errors.
#ifndef LOCALMAMBA_KERNELS_DEVICE_ONEDNN_H_
#define LOCALMAMBA_KERNELS_DEVICE_ONEDNN_H_

#include <dnnl.hpp>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "kernels/device/stream.h"

namespace localmamba {

// Kept per CPU stream: stream.Local<OneDnn>().
struct OneDnn {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
};

// Calls body(stream.Local<OneDnn>()) with stream.cpu_threads() OpenMP threads. Primitives must be
// made and executed inside, because oneDNN splits the work by the thread count of both moments.
// Errors: what oneDNN throws, as RESOURCE_EXHAUSTED if it lacks memory, INTERNAL otherwise, naming
//         `operation`.
absl::Status RunOneDnn(absl::string_view operation, Stream& stream,
                       absl::FunctionRef<void(OneDnn& onednn)> body);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_DEVICE_ONEDNN_H_
