#include "server/repository/file_stamp.h"

#include <sys/stat.h>

#include <filesystem>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace localmamba {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kNanosecondsPerSecond = 1'000'000'000;

// Adds the files of `path`, and of the folders in it as long as `depth` allows. What cannot be
// looked at is not there.
void AddFiles(const fs::path& path, const std::string& prefix, int depth, FolderStamp& stamps) {
  std::error_code error;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (absl::StartsWith(name, ".")) continue;
    std::error_code ignored;
    if (it->is_directory(ignored)) {
      if (depth > 0) AddFiles(it->path(), absl::StrCat(prefix, name, "/"), depth - 1, stamps);
    } else if (const std::optional<FileStamp> stamp = StampFile(it->path().string())) {
      stamps[absl::StrCat(prefix, name)] = *stamp;
    }
  }
}

}  // namespace

std::optional<FileStamp> StampFile(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  return FileStamp{.inode = info.st_ino,
                   .size = info.st_size,
                   .mtime_ns = info.st_mtim.tv_sec * kNanosecondsPerSecond + info.st_mtim.tv_nsec};
}

std::optional<FolderStamp> StampModelFolder(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return std::nullopt;
  FolderStamp stamps;
  AddFiles(path, "", 1, stamps);
  return stamps;
}

}  // namespace localmamba
