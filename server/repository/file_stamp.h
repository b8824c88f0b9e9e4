// What a file system tells of files without reading them, to notice that they have changed.
#ifndef LOCALMAMBA_SERVER_REPOSITORY_FILE_STAMP_H_
#define LOCALMAMBA_SERVER_REPOSITORY_FILE_STAMP_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace localmamba {

// Of one file. A replaced file has another inode, one that was written to another time or size.
struct FileStamp {
  uint64_t inode = 0;
  int64_t size = 0;
  int64_t mtime_ns = 0;
  bool operator==(const FileStamp&) const = default;
};

// None if there is no such regular file, or it cannot be looked at.
std::optional<FileStamp> StampFile(const std::string& path);

// By path below the folder.
using FolderStamp = std::map<std::string, FileStamp>;

// Of the files in a model's folder and in its version folders. Names that start with "." are left
// out. None if there is no such folder.
std::optional<FolderStamp> StampModelFolder(const std::string& path);

}  // namespace localmamba

#endif  // LOCALMAMBA_SERVER_REPOSITORY_FILE_STAMP_H_
