// Which images of a data set could not be read, and whether that is too many.
#ifndef LOCALMAMBA_MODEL_DATA_UNREADABLE_IMAGES_H_
#define LOCALMAMBA_MODEL_DATA_UNREADABLE_IMAGES_H_

#include <cmath>
#include <cstdint>
#include <set>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace localmamba {

// Want of memory says nothing about the image; every other error does.
inline bool IsUnreadable(const absl::Status& status) {
  return !status.ok() && !absl::IsResourceExhausted(status);
}

struct UnreadableImage {
  int64_t index = 0;
  absl::Status why;
};

class UnreadableImages {
 public:
  UnreadableImages(int64_t images, double max_share) : images_(images), max_share_(max_share) {}

  // The same image counts once. Errors: INVALID_ARGUMENT if they are more than allowed now, with
  // the reason why this one is.
  absl::Status Add(const UnreadableImage& image) {
    found_.insert(image.index);
    if (count() <= MaxCount(images_, max_share_)) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat(
        "data: ", count(), " of ", images_, " images are unreadable, wanted a share of ",
        max_share_, " at most; the last one: ", image.why.message()));
  }

  [[nodiscard]] int64_t count() const { return static_cast<int64_t>(found_.size()); }

  static int64_t MaxCount(int64_t images, double max_share) {
    return static_cast<int64_t>(std::floor(max_share * static_cast<double>(images)));
  }

 private:
  int64_t images_;
  double max_share_;
  std::set<int64_t> found_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_DATA_UNREADABLE_IMAGES_H_
