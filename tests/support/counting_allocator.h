// CPU memory that counts what is taken, and that can run out.
#ifndef LOCALMAMBA_TESTS_SUPPORT_COUNTING_ALLOCATOR_H_
#define LOCALMAMBA_TESTS_SUPPORT_COUNTING_ALLOCATOR_H_

#include <cstddef>
#include <limits>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernels/base/check.h"
#include "kernels/device/buffer.h"

namespace localmamba {

class CountingAllocator final : public Allocator {
 public:
  // Has `bytes_left` bytes in all; what is returned does not come back.
  explicit CountingAllocator(size_t bytes_left = std::numeric_limits<size_t>::max())
      : upstream_(CreateDeviceAllocator(Device::Cpu()).value()), bytes_left_(bytes_left) {}

  absl::StatusOr<Buffer> Allocate(size_t bytes) override {
    if (bytes > bytes_left_) return absl::ResourceExhaustedError("the test's memory is used up");
    bytes_left_ -= bytes;
    bytes_taken_ += bytes;
    return upstream_->Allocate(bytes);
  }
  [[nodiscard]] Device device() const override { return Device::Cpu(); }

  [[nodiscard]] size_t bytes_taken() const { return bytes_taken_; }

 private:
  // Buffers belong to upstream_.
  void Free(void* /*data*/, size_t /*bytes*/) override { LM_CHECK(false); }

  std::unique_ptr<Allocator> upstream_;
  size_t bytes_left_;
  size_t bytes_taken_ = 0;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_TESTS_SUPPORT_COUNTING_ALLOCATOR_H_
