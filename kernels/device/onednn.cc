#include "kernels/device/onednn.h"

#include <omp.h>

#include "absl/strings/str_cat.h"

namespace localmamba {
namespace {

// oneDNN asks OpenMP for the calling thread's thread count; this sets it for a scope.
class ScopedThreadCount {
 public:
  explicit ScopedThreadCount(int threads) : previous_(omp_get_max_threads()) {
    if (threads != previous_) omp_set_num_threads(threads);
  }
  ~ScopedThreadCount() { omp_set_num_threads(previous_); }
  ScopedThreadCount(const ScopedThreadCount&) = delete;
  ScopedThreadCount& operator=(const ScopedThreadCount&) = delete;

 private:
  const int previous_;
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
