#include "client/overlay/mask.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace localmamba::client {
namespace {

// The lengths of runs of unset and set pixels in turn, each written in groups of 5 bits from the
// low end, as characters from '0' on, bit 5 of which says that more follow; from the fourth on, the
// number written is the difference to the last but one. Cut off where the text is damaged.
std::vector<int64_t> ParseCounts(absl::string_view text) {
  constexpr int kMostBits = 40;
  std::vector<int64_t> counts;
  int64_t number = 0;
  int bits = 0;
  for (const char c : text) {
    const int64_t group = c - '0';
    if (group < 0 || group > 63 || bits >= kMostBits) return counts;
    number |= (group & 31) << bits;
    bits += 5;
    if ((group & 32) != 0) continue;
    if ((group & 16) != 0) number -= int64_t{1} << bits;  // the sign
    if (counts.size() > 2) number += counts[counts.size() - 2];
    counts.push_back(number);
    number = 0;
    bits = 0;
  }
  return counts;
}

// Calls visit(column, first row, rows) for each piece of a column that is set.
template <class Visit>
void ForEachPiece(const std::vector<int64_t>& counts, int64_t height, Visit visit) {
  int64_t position = 0;
  for (size_t i = 0; i < counts.size(); position += counts[i++]) {
    if (i % 2 == 0) continue;
    for (int64_t at = position, left = counts[i]; left > 0;) {
      const int64_t rows = std::min(left, height - at % height);
      visit(static_cast<int>(at / height), static_cast<int>(at % height), static_cast<int>(rows));
      at += rows;
      left -= rows;
    }
  }
}

}  // namespace

absl::StatusOr<Mask> DecodeMask(absl::string_view text, cv::Size picture) {
  const std::vector<int64_t> counts = ParseCounts(text);
  const int64_t pixels = int64_t{picture.height} * picture.width;
  int64_t sum = 0;
  for (const int64_t count : counts) {
    if (count < 0 || count > pixels) sum = -1;
    if (sum >= 0) sum += count;
  }
  if (sum != pixels) {
    return absl::InvalidArgumentError(absl::StrCat("mask: run lengths of ", text.size(),
                                                   " characters are not those of ", picture.height,
                                                   "x", picture.width, " pixels"));
  }
  Mask mask;
  ForEachPiece(counts, picture.height, [&](int column, int row, int rows) {
    mask.where |= cv::Rect(column, row, 1, rows);
  });
  mask.pixels = cv::Mat::zeros(mask.where.size(), CV_8UC1);
  ForEachPiece(counts, picture.height, [&](int column, int row, int rows) {
    mask.pixels(cv::Rect(column - mask.where.x, row - mask.where.y, 1, rows)) = 255;
  });
  return mask;
}

}  // namespace localmamba::client
