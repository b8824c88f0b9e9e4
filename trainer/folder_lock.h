// Keeps other trainers out of an output folder.
#ifndef LOCALMAMBA_TRAINER_FOLDER_LOCK_H_
#define LOCALMAMBA_TRAINER_FOLDER_LOCK_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "kernels/base/file_descriptor.h"

namespace localmamba::trainer {

// A lock on the file <folder>/trainer.lock, which the system takes off when the object or the
// process ends. The file stays.
class FolderLock {
 public:
  // Makes the folder if need be. Errors: FAILED_PRECONDITION naming the folder if another trainer
  // has it; those of the operating system.
  static absl::StatusOr<std::unique_ptr<FolderLock>> Take(const std::string& folder);

 private:
  explicit FolderLock(FileDescriptor file) : file_(std::move(file)) {}

  const FileDescriptor file_;
};

}  // namespace localmamba::trainer

#endif  // LOCALMAMBA_TRAINER_FOLDER_LOCK_H_
