// Loops over the worker threads of a CPU stream (OpenMP, the same pool that oneDNN uses).
#ifndef LOCALMAMBA_KERNELS_DEVICE_PARALLEL_H_
#define LOCALMAMBA_KERNELS_DEVICE_PARALLEL_H_

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "kernels/device/stream.h"

namespace localmamba {

// Calls body(begin, end) on disjoint ranges that cover [0, count), each at least `grain` long (but
// the last), from up to stream.cpu_threads() threads; returns when all are done. `stream` is a CPU
// stream. `body` must not throw.
void ParallelFor(const Stream& stream, int64_t count, int64_t grain,
                 absl::FunctionRef<void(int64_t begin, int64_t end)> body);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_DEVICE_PARALLEL_H_
