// A POSIX shared memory object that a test fills and looks at.
#ifndef LOCALMAMBA_TESTS_SUPPORT_SHARED_MEMORY_OBJECT_H_
#define LOCALMAMBA_TESTS_SUPPORT_SHARED_MEMORY_OBJECT_H_

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <string>

#include "absl/strings/str_cat.h"
#include "kernels/base/check.h"

namespace localmamba::server {

class SharedMemoryObject {
 public:
  explicit SharedMemoryObject(size_t bytes) : key_(NewKey()) {
    fd_ = shm_open(key_.c_str(), O_RDWR | O_CREAT | O_EXCL, S_IRUSR | S_IWUSR);
    LM_CHECK(fd_ >= 0);
    Resize(bytes);
  }
  SharedMemoryObject(const SharedMemoryObject&) = delete;
  SharedMemoryObject& operator=(const SharedMemoryObject&) = delete;
  ~SharedMemoryObject() {
    close(fd_);
    shm_unlink(key_.c_str());
  }

  [[nodiscard]] const std::string& key() const { return key_; }

  void Resize(size_t bytes) { LM_CHECK(ftruncate(fd_, static_cast<off_t>(bytes)) == 0); }

  void Write(size_t offset, const std::string& bytes) {
    LM_CHECK(pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset)) ==
             static_cast<ssize_t>(bytes.size()));
  }

  [[nodiscard]] std::string Read(size_t offset, size_t bytes) const {
    std::string result(bytes, '\0');
    LM_CHECK(pread(fd_, result.data(), bytes, static_cast<off_t>(offset)) ==
             static_cast<ssize_t>(bytes));
    return result;
  }

 private:
  static std::string NewKey() {
    static std::atomic<int> count = 0;
    return absl::StrCat("/localmamba-test-", getpid(), "-", count++);
  }

  const std::string key_;
  int fd_ = -1;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_TESTS_SUPPORT_SHARED_MEMORY_OBJECT_H_
