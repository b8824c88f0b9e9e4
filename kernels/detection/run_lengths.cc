#include "kernels/detection/run_lengths.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kernels/base/check.h"
#include "kernels/base/status_macros.h"

namespace localmamba {
namespace {

// Appends runs, joining neighbours of one value.
class RunWriter {
 public:
  RunWriter(int64_t height, int64_t width) : runs_{height, width, {0}} {}

  void Append(bool value, int64_t length) {
    if (length == 0) return;
    if (value == last_) {
      runs_.counts.back() += static_cast<uint32_t>(length);
    } else {
      runs_.counts.push_back(static_cast<uint32_t>(length));
      last_ = value;
    }
  }
  RunLengths Finish() && { return std::move(runs_); }

 private:
  RunLengths runs_;
  bool last_ = false;
};

// Calls visit(set in a, set in b, length) for the stretches over which neither changes.
template <class Visit>
void WalkTogether(const RunLengths& a, const RunLengths& b, const Visit& visit) {
  LM_CHECK(a.height == b.height && a.width == b.width);
  size_t i = 0;
  size_t j = 0;
  uint32_t left_a = a.counts.empty() ? 0 : a.counts[0];
  uint32_t left_b = b.counts.empty() ? 0 : b.counts[0];
  while (i < a.counts.size() && j < b.counts.size()) {
    const uint32_t length = std::min(left_a, left_b);
    visit(i % 2 == 1, j % 2 == 1, length);
    left_a -= length;
    left_b -= length;
    if (left_a == 0 && ++i < a.counts.size()) left_a = a.counts[i];
    if (left_b == 0 && ++j < b.counts.size()) left_b = b.counts[j];
  }
}

RunLengths Union(const RunLengths& a, const RunLengths& b) {
  RunWriter writer(a.height, a.width);
  WalkTogether(a, b, [&](bool in_a, bool in_b, uint32_t length) {
    writer.Append(in_a || in_b, static_cast<int64_t>(length));
  });
  return std::move(writer).Finish();
}

absl::Status CheckSize(int64_t height, int64_t width) {
  if (height >= 1 && width >= 1 && height <= kMaxMaskPixels / width) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "mask of ", height, " x ", width, " pixels, wanted 1 to ", kMaxMaskPixels, " pixels"));
}

}  // namespace

RunLengths EncodeRunLengths(const ConstTensorView& part, int64_t top, int64_t left, int64_t height,
                            int64_t width) {
  const int64_t h = part.dim(0);
  const int64_t w = part.dim(1);
  LM_CHECK(top >= 0 && left >= 0 && top + h <= height && left + w <= width);
  RunWriter writer(height, width);
  writer.Append(false, left * height);
  for (int64_t x = 0; x < w; ++x) {
    writer.Append(false, top);
    const uint8_t* column = part.data<uint8_t>() + x;
    for (int64_t y = 0; y < h;) {
      const bool value = column[y * part.stride(0)] != 0;
      int64_t end = y + 1;
      while (end < h && (column[end * part.stride(0)] != 0) == value) ++end;
      writer.Append(value, end - y);
      y = end;
    }
    writer.Append(false, height - top - h);
  }
  writer.Append(false, (width - left - w) * height);
  return std::move(writer).Finish();
}

RunLengths EncodeRunLengths(const ConstTensorView& mask) {
  return EncodeRunLengths(mask, 0, 0, mask.dim(0), mask.dim(1));
}

std::vector<uint8_t> DecodeRunLengths(const RunLengths& runs) {
  std::vector<uint8_t> mask(static_cast<size_t>(runs.height * runs.width));
  int64_t at = 0;
  for (size_t i = 0; i < runs.counts.size(); ++i) {
    const int64_t end = at + runs.counts[i];
    if (i % 2 == 0) at = end;
    for (; at < end; ++at) {
      mask[static_cast<size_t>(at % runs.height * runs.width + at / runs.height)] = 1;
    }
  }
  return mask;
}

std::string FormatRunLengths(const RunLengths& runs) {
  std::string text;
  for (size_t i = 0; i < runs.counts.size(); ++i) {
    int64_t x = runs.counts[i];
    if (i > 2) x -= runs.counts[i - 2];
    bool more = true;
    while (more) {
      int64_t group = x & 31;
      x >>= 5;
      more = (group & 16) != 0 ? x != -1 : x != 0;
      if (more) group |= 32;
      text.push_back(static_cast<char>(group + '0'));
    }
  }
  return text;
}

absl::StatusOr<RunLengths> MakeRunLengths(std::vector<uint32_t> counts, int64_t height,
                                          int64_t width) {
  LM_RETURN_IF_ERROR(CheckSize(height, width));
  int64_t sum = 0;
  for (const uint32_t count : counts) {
    sum += count;
    if (sum > height * width) break;
  }
  if (sum != height * width) {
    return absl::InvalidArgumentError(absl::StrCat("run lengths add up to ",
                                                   sum > height * width ? "more" : "less", " than ",
                                                   height, " x ", width, " pixels"));
  }
  return RunLengths{height, width, std::move(counts)};
}

absl::StatusOr<RunLengths> ParseRunLengths(absl::string_view text, int64_t height, int64_t width) {
  LM_RETURN_IF_ERROR(CheckSize(height, width));
  constexpr int kMaxGroups = 7;  // 35 bits, more than any count has
  std::vector<uint32_t> counts;
  for (size_t at = 0; at < text.size();) {
    int64_t x = 0;
    bool more = true;
    for (int group = 0; more; ++group) {
      if (at == text.size() || group == kMaxGroups) {
        return absl::InvalidArgumentError(
            absl::StrCat("run lengths: count ", counts.size(),
                         at == text.size() ? " is cut off" : " is too long"));
      }
      const int code = text[at++] - '0';
      if (code < 0 || code > 63) {
        return absl::InvalidArgumentError(
            absl::StrCat("run lengths: character ", at - 1, " is out of range"));
      }
      x |= static_cast<int64_t>(code & 31) << (5 * group);
      more = (code & 32) != 0;
      if (!more && (code & 16) != 0) x |= ~int64_t{0} << (5 * (group + 1));
    }
    if (counts.size() > 2) x += counts[counts.size() - 2];
    if (x < 0 || x > height * width) {
      return absl::InvalidArgumentError(absl::StrCat("run lengths: count ", counts.size(), " is ",
                                                     x, ", wanted 0 to ", height * width));
    }
    counts.push_back(static_cast<uint32_t>(x));
  }
  return MakeRunLengths(std::move(counts), height, width);
}

int64_t Area(const RunLengths& runs) {
  int64_t area = 0;
  for (size_t i = 1; i < runs.counts.size(); i += 2) area += runs.counts[i];
  return area;
}

RunLengths Union(absl::Span<const RunLengths> masks) {
  if (masks.empty()) return {};
  RunLengths result = masks[0];
  for (const RunLengths& mask : masks.subspan(1)) result = Union(result, mask);
  return result;
}

int64_t IntersectionArea(const RunLengths& a, const RunLengths& b) {
  int64_t area = 0;
  WalkTogether(a, b, [&](bool in_a, bool in_b, uint32_t length) {
    if (in_a && in_b) area += length;
  });
  return area;
}

PixelBox BoundingBox(const RunLengths& runs) {
  const size_t pairs = runs.counts.size() / 2;
  if (pairs == 0) return {};
  int64_t left = runs.width;
  int64_t top = runs.height;
  int64_t right = 0;
  int64_t bottom = 0;
  int64_t at = 0;
  for (size_t i = 0; i < pairs; ++i) {
    const int64_t first = at + runs.counts[2 * i];
    const int64_t last = first + runs.counts[2 * i + 1] - 1;
    at = last + 1;
    left = std::min(left, first / runs.height);
    right = std::max(right, last / runs.height);
    const bool wraps = first / runs.height < last / runs.height;
    top = wraps ? 0 : std::min({top, first % runs.height, last % runs.height});
    bottom = wraps ? runs.height - 1 : std::max({bottom, first % runs.height, last % runs.height});
  }
  return {left, top, right - left + 1, bottom - top + 1};
}

}  // namespace localmamba
