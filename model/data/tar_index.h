// Where the files in a tar file are.
#ifndef LOCALMAMBA_MODEL_DATA_TAR_INDEX_H_
#define LOCALMAMBA_MODEL_DATA_TAR_INDEX_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "model/data/readable_file.h"

namespace localmamba {

struct TarEntry {
  std::string path;     // as stored, without "." and empty components
  bool folder = false;  // else a regular file
  uint64_t offset = 0;  // of its content in the tar file
  uint64_t size = 0;
};

// The folders and regular files of a tar file in its order: ustar with pax headers (IEEE 1003.1),
// or GNU's format, with names of any length. Links and devices are passed over. Reads the headers
// only.
// Errors: INVALID_ARGUMENT naming the path and the byte if a header is none, or the file is cut
//         short, compressed or has sparse files; those of ReadableFile::ReadAt.
absl::StatusOr<std::vector<TarEntry>> IndexTar(const ReadableFile& file);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_DATA_TAR_INDEX_H_
