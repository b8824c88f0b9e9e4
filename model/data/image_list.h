// The encoded images of a part of a data set.
#ifndef LOCALMAMBA_MODEL_DATA_IMAGE_LIST_H_
#define LOCALMAMBA_MODEL_DATA_IMAGE_LIST_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace localmamba {

// Immutable; safe to call from several threads.
class ImageList {
 public:
  virtual ~ImageList() = default;

  [[nodiscard]] virtual int64_t size() const = 0;
  // Of image 0 <= index < size(), in the data set: "val2017/000000000139.jpg".
  [[nodiscard]] virtual std::string path(int64_t index) const = 0;
  // The encoded bytes. Errors: those of FileTree::Read.
  [[nodiscard]] virtual absl::StatusOr<std::vector<uint8_t>> Read(int64_t index,
                                                                  size_t max_bytes) const = 0;
};

// Of `size` images `count`, or all if there are no more, evenly spaced, the first one among them:
// a sample that is the same every time. size >= 0, count >= 1.
inline std::vector<int64_t> SampleEvenly(int64_t size, int64_t count) {
  std::vector<int64_t> indices;
  if (count > size) count = size;
  for (int64_t i = 0; i < count; ++i) indices.push_back(i * size / count);
  return indices;
}

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_DATA_IMAGE_LIST_H_
