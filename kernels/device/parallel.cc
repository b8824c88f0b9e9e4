#include "kernels/device/parallel.h"

#include <algorithm>

namespace localmamba {

void ParallelFor(const Stream& stream, int64_t count, int64_t grain,
                 absl::FunctionRef<void(int64_t begin, int64_t end)> body) {
  if (count <= 0) return;
  const int64_t pieces = std::max<int64_t>(1, count / std::max<int64_t>(1, grain));
  const int64_t threads = std::min<int64_t>(stream.cpu_threads(), pieces);
  if (threads == 1) {
    body(0, count);
    return;
  }
  // Four pieces a thread even out threads that the host slows down, at little cost.
  const int64_t parts = std::min<int64_t>(pieces, threads * 4);
#pragma omp parallel for schedule(dynamic) num_threads(static_cast <int>(threads))
  for (int64_t part = 0; part < parts; ++part) {
    body(count * part / parts, count * (part + 1) / parts);
  }
}

}  // namespace localmamba
