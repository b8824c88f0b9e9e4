#include "kernels/device/onednn.h"

#include <omp.h>

#include "absl/strings/str_cat.h"

namespace localmamba {
namespace {

// oneDNN asks OpenMP for the calling thread's thread count; this sets it for a scope. It shares work
// out to that many threads, so OpenMP must not give it fewer as OMP_DYNAMIC lets it.
class ScopedThreadCount {
 public:
  explicit ScopedThreadCount(int threads)
      : previous_(omp_get_max_threads()), dynamic_(omp_get_dynamic()) {
    if (threads != previous_) omp_set_num_threads(threads);
    omp_set_dynamic(0);
  }
  ~ScopedThreadCount() {
    omp_set_num_threads(previous_);
    omp_set_dynamic(dynamic_);
  }
  ScopedThreadCount(const ScopedThreadCount&) = delete;
  ScopedThreadCount& operator=(const ScopedThreadCount&) = delete;

 private:
  const int previous_;
  const int dynamic_;
};

}  // namespace

absl::Status RunOneDnn(absl::string_view operation, Stream& stream,
                       absl::FunctionRef<void(OneDnn& onednn)> body) {
  const ScopedThreadCount threads(stream.cpu_threads());
  try {
    body(stream.Local<OneDnn>());
  } catch (const dnnl::error& error) {
    const std::string message = absl::StrCat(operation, ": oneDNN: ", error.what());
    return error.status == dnnl_out_of_memory ? absl::ResourceExhaustedError(message)
                                              : absl::InternalError(message);
  }
  return absl::OkStatus();
}

}  // namespace localmamba
