// Which files of a data set are images, by their names.
#ifndef LOCALMAMBA_MODEL_DATA_IMAGE_NAMES_H_
#define LOCALMAMBA_MODEL_DATA_IMAGE_NAMES_H_

#include <algorithm>
#include <array>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace localmamba {

inline bool IsHiddenName(absl::string_view name) { return absl::StartsWith(name, "."); }

// Not hidden, with the suffix of a format that is decoded, in whatever case.
inline bool IsImageName(absl::string_view name) {
  constexpr std::array<absl::string_view, 4> kSuffixes = {".jpg", ".jpeg", ".png", ".webp"};
  return !IsHiddenName(name) &&
         std::any_of(kSuffixes.begin(), kSuffixes.end(), [name](absl::string_view suffix) {
           return absl::EndsWithIgnoreCase(name, suffix);
         });
}

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_DATA_IMAGE_NAMES_H_
