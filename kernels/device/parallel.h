// Loops over the worker threads of a CPU stream (OpenMP, the same pool that oneDNN uses).
#ifndef LOCALMAMBA_KERNELS_DEVICE_PARALLEL_H_
#define LOCALMAMBA_KERNELS_DEVICE_PARALLEL_H_

#include <algorithm>
#include <cstdint>

#include "absl/functional/function_ref.h"
#include "kernels/device/stream.h"

namespace localmamba {

// Calls body(begin, end) on disjoint ranges that cover [0, count), each at least `grain` long (but
// the last), from up to stream.cpu_threads() threads; returns when all are done. `stream` is a CPU
// stream. `body` must not throw.
void ParallelFor(const Stream& stream, int64_t count, int64_t grain,
                 absl::FunctionRef<void(int64_t begin, int64_t end)> body);

// A grain for rows of `row_elements` floats that are read and written once: enough rows that the
// work, some microseconds, is worth starting a thread for.
inline int64_t GrainRows(int64_t row_elements) {
  constexpr int64_t kGrainElements = int64_t{1} << 14;
  return std::max<int64_t>(1, kGrainElements / std::max<int64_t>(1, row_elements));
}

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_DEVICE_PARALLEL_H_
