#include "trainer/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace localmamba::trainer {
namespace {

// A trainer that was killed may take a moment to be gone.
constexpr absl::Duration kWait = absl::Seconds(2);
constexpr absl::Duration kPoll = absl::Milliseconds(50);

}  // namespace

absl::StatusOr<std::unique_ptr<FolderLock>> FolderLock::Take(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat(folder, ": cannot be made"));
  const std::string path = absl::StrCat(folder, "/trainer.lock");
  FileDescriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (file.get() < 0) return absl::ErrnoToStatus(errno, absl::StrCat(path, ": cannot open"));
  const absl::Time give_up = absl::Now() + kWait;
  while (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) {
      return absl::ErrnoToStatus(errno, absl::StrCat(path, ": cannot lock"));
    }
    if (absl::Now() >= give_up) {
      return absl::FailedPreconditionError(
          absl::StrCat(folder, ": is in use by another trainer, wanted a folder of its own"));
    }
    absl::SleepFor(kPoll);
  }
  return std::unique_ptr<FolderLock>(new FolderLock(std::move(file)));
}

}  // namespace localmamba::trainer
