#include "model/weights/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"

namespace localmamba {
namespace {

constexpr absl::string_view kSuffix = ".tmp-XXXXXX";  // mkostemp replaces the X

}  // namespace

absl::StatusOr<AtomicFile> AtomicFile::Create(const std::string& path) {
  // The rename would put a file in place of a device, a pipe or a link.
  std::error_code error;
  const auto kind = std::filesystem::symlink_status(path, error).type();
  if (kind != std::filesystem::file_type::not_found &&
      kind != std::filesystem::file_type::regular) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": exists and is no regular file, wanted one or a new name"));
  }
  std::string temporary = absl::StrCat(path, kSuffix);
  const int file = mkostemp(temporary.data(), O_CLOEXEC);
  if (file < 0) return absl::ErrnoToStatus(errno, absl::StrCat(path, ": cannot create"));
  AtomicFile result(path, std::move(temporary), file);
  // mkostemp gives 0600: widened to what an ordinary open would have given under a umask of 022.
  if (fchmod(file, S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH) != 0) return result.Error("cannot chmod");
  return result;
}

AtomicFile::AtomicFile(std::string path, std::string temporary, int file)
    : path_(std::move(path)), temporary_(std::move(temporary)), file_(file) {}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::move(other.temporary_)),
      file_(std::exchange(other.file_, -1)) {}

AtomicFile::~AtomicFile() {
  if (file_ < 0) return;
  close(file_);
  unlink(temporary_.c_str());
}

absl::Status AtomicFile::Error(absl::string_view what) const {
  return absl::ErrnoToStatus(errno, absl::StrCat(path_, ": ", what));
}

absl::Status AtomicFile::Write(absl::Span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(file_, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return Error("cannot write");
    }
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

absl::Status AtomicFile::Write(absl::string_view text) {
  return Write(absl::MakeConstSpan(reinterpret_cast<const std::byte*>(text.data()), text.size()));
}

absl::Status AtomicFile::Commit() {
  if (fsync(file_) != 0) return Error("cannot flush");
  if (rename(temporary_.c_str(), path_.c_str()) != 0) return Error("cannot rename into place");
  close(std::exchange(file_, -1));
  // The rename itself lasts only once the folder is flushed.
  const std::filesystem::path parent = std::filesystem::path(path_).parent_path();
  const int folder =
      open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return Error("cannot open its folder");
  const int result = fsync(folder);
  const absl::Status status = result == 0 ? absl::OkStatus() : Error("cannot flush its folder");
  close(folder);
  return status;
}

bool IsTemporaryName(absl::string_view name) {
  constexpr absl::string_view kFixed = ".tmp-";
  return name.size() > kSuffix.size() &&
         name.substr(name.size() - kSuffix.size(), kFixed.size()) == kFixed;
}

absl::Status WriteFileAtomically(const std::string& path, absl::string_view text) {
  LM_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  LM_RETURN_IF_ERROR(file.Write(text));
  return file.Commit();
}

}  // namespace localmamba
