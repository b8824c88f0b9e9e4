// Reads and writes safetensors files.
#ifndef LOCALMAMBA_MODEL_WEIGHTS_SAFETENSORS_H_
#define LOCALMAMBA_MODEL_WEIGHTS_SAFETENSORS_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "model/weights/host_tensor.h"

namespace localmamba {

struct SafetensorsFile {
  NamedTensors tensors;                         // dense, in host memory
  std::map<std::string, std::string> metadata;  // empty if the file has none
};

// Maps the file; tensors share the mapping and keep it, and are read from disk when first used.
// (A tensor whose place in the file does not suit its dtype's alignment is copied instead.)
// Writing to a tensor does not change the file.
// Errors: those of MappedFile::Open and ParseSafetensorsHeader, naming the path.
absl::StatusOr<SafetensorsFile> ReadSafetensors(const std::string& path);

// The same from bytes in memory, which are copied.
absl::StatusOr<SafetensorsFile> ReadSafetensorsFromMemory(absl::string_view bytes);

// Writes dense tensors in host memory, sorted by size of element (largest first) and name, with the
// header padded so that every tensor is aligned. The file at `path` is replaced at once or not at
// all. Errors: INVALID_ARGUMENT for a tensor that is not dense, in host memory and named; those of
// AtomicFile.
absl::Status WriteSafetensors(const std::string& path, const NamedTensors& tensors,
                              const std::map<std::string, std::string>& metadata = {});

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_WEIGHTS_SAFETENSORS_H_
