// cuDNN's backend descriptors as objects, its errors as absl::Status.
#ifndef LOCALMAMBA_KERNELS_CONV_CUDA_CUDNN_H_
#define LOCALMAMBA_KERNELS_CONV_CUDA_CUDNN_H_

#include <cudnn.h>

#include <cstdint>
#include <memory>
#include <type_traits>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "kernels/base/status_macros.h"

namespace localmamba::cuda {

// RESOURCE_EXHAUSTED for want of memory, INTERNAL for any other error, with cuDNN's name of it and
// where it was seen.
absl::Status CudnnToStatus(cudnnStatus_t status, const char* file, int line);

#define LM_CUDNN_RETURN_IF_ERROR(expr) \
  LM_RETURN_IF_ERROR(::localmamba::cuda::CudnnToStatus((expr), __FILE__, __LINE__))

// A pointer that cuDNN gave out, as an owner.
template <class Handle, cudnnStatus_t (*kDestroy)(Handle)>
struct CudnnDestroyer {
  using pointer = Handle;
  void operator()(Handle handle) const { (void)kDestroy(handle); }
};
using CudnnHandle = std::unique_ptr<cudnnHandle_t, CudnnDestroyer<cudnnHandle_t, cudnnDestroy>>;

// Life of a descriptor: Create, Set its attributes, Finalize, then use it in others.
class CudnnDescriptor {
 public:
  CudnnDescriptor() = default;
  static absl::StatusOr<CudnnDescriptor> Create(cudnnBackendDescriptorType_t type);

  // Values of `type`: C++ cannot tell cuDNN's types from their elements.
  template <class T>
  absl::Status Set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                   absl::Span<const T> values) {
    LM_CUDNN_RETURN_IF_ERROR(cudnnBackendSetAttribute(
        owner_.get(), name, type, static_cast<int64_t>(values.size()), values.data()));
    return absl::OkStatus();
  }
  template <class T>
  absl::Status Set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, T value) {
    return Set(name, type, absl::Span<const T>(&value, 1));
  }
  absl::Status Set(cudnnBackendAttributeName_t name, const CudnnDescriptor& value) {
    return Set(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, value.get());
  }

  absl::Status Finalize();

  // Of a finalized descriptor: up to `limit` values.
  template <class T>
  absl::StatusOr<std::vector<T>> Get(cudnnBackendAttributeName_t name,
                                     cudnnBackendAttributeType_t type, int64_t limit) const {
    std::vector<T> values(static_cast<size_t>(limit));
    int64_t count = 0;
    LM_CUDNN_RETURN_IF_ERROR(
        cudnnBackendGetAttribute(owner_.get(), name, type, limit, &count, values.data()));
    if (count < limit) values.resize(static_cast<size_t>(count));
    return values;
  }

  [[nodiscard]] cudnnBackendDescriptor_t get() const { return owner_.get(); }

 private:
  std::unique_ptr<cudnnBackendDescriptor_t,
                  CudnnDestroyer<cudnnBackendDescriptor_t, cudnnBackendDestroyDescriptor>>
      owner_;
};

}  // namespace localmamba::cuda

#endif  // LOCALMAMBA_KERNELS_CONV_CUDA_CUDNN_H_
