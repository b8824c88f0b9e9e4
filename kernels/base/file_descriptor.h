// Owns a file descriptor.
#ifndef LOCALMAMBA_KERNELS_BASE_FILE_DESCRIPTOR_H_
#define LOCALMAMBA_KERNELS_BASE_FILE_DESCRIPTOR_H_

#include <unistd.h>

#include <utility>

namespace localmamba {

// A file descriptor that is closed in the end; -1 is none.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int number) : number_(number) {}
  FileDescriptor(FileDescriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~FileDescriptor() {
    if (number_ >= 0) close(number_);
  }

  [[nodiscard]] int get() const { return number_; }

 private:
  int number_ = -1;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_BASE_FILE_DESCRIPTOR_H_
