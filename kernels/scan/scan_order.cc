#include "kernels/scan/scan_order.h"

#include <limits>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "kernels/base/check.h"

namespace localmamba {
namespace {

int64_t RoundUp(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// Token at position t of the sequence before any flip, -1 at padding.
int64_t TokenAt(const ScanDirection& direction, int64_t height, int64_t width, int64_t t) {
  switch (direction.kind) {
    case ScanDirection::Kind::kHorizontal:
      return t;
    case ScanDirection::Kind::kVertical:
      return (t % height) * width + t / height;
    case ScanDirection::Kind::kWindow:
      break;
  }
  const int64_t side = direction.window;
  const int64_t windows_per_row = RoundUp(width, side) / side;
  const int64_t window = t / (side * side);
  const int64_t cell = t % (side * side);
  const int64_t row = window / windows_per_row * side + cell / side;
  const int64_t column = window % windows_per_row * side + cell % side;
  return row < height && column < width ? row * width + column : -1;
}

// Token that receives position t of the sequence before any flip.
int64_t ReceiverOf(const ScanDirection& direction, int64_t height, int64_t width, int64_t t,
                   VerticalReverse vertical_reverse) {
  if (direction.kind == ScanDirection::Kind::kVertical &&
      vertical_reverse == VerticalReverse::kOfficial) {
    return (t % width) * height + t / width;
  }
  return TokenAt(direction, height, width, t);
}

// Makes room for a class token as token `middle` and inserts it at position `middle`.
void InsertClassToken(std::vector<int32_t>& tokens, int32_t middle) {
  for (int32_t& token : tokens) {
    if (token >= middle) ++token;
  }
  tokens.insert(tokens.begin() + middle, middle);
}

}  // namespace

absl::StatusOr<ScanDirection> ScanDirection::Parse(absl::string_view name) {
  ScanDirection direction;
  absl::string_view base = name;
  direction.flip = absl::ConsumeSuffix(&base, "_flip");
  if (base == "h") return direction;
  if (base == "v") {
    direction.kind = Kind::kVertical;
    return direction;
  }
  // SimpleAtoi would also take signs and spaces.
  int32_t window = 0;
  if (absl::ConsumePrefix(&base, "w") && !base.empty() && base[0] >= '1' && base[0] <= '9' &&
      base.find_first_not_of("0123456789") == absl::string_view::npos &&
      absl::SimpleAtoi(base, &window)) {
    direction.kind = Kind::kWindow;
    direction.window = window;
    return direction;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "scan direction \"", name, "\" is not h, v or w<K> with K >= 1, with an optional _flip"));
}

std::string ScanDirection::ToString() const {
  const absl::string_view suffix = flip ? "_flip" : "";
  switch (kind) {
    case Kind::kHorizontal:
      return absl::StrCat("h", suffix);
    case Kind::kVertical:
      return absl::StrCat("v", suffix);
    case Kind::kWindow:
      break;
  }
  return absl::StrCat("w", window, suffix);
}

int64_t ScanDirection::Length(int64_t height, int64_t width) const {
  if (kind != Kind::kWindow) return height * width;
  return RoundUp(height, window) * RoundUp(width, window);
}

ScanOrder MakeScanOrder(const ScanDirection& direction, int64_t height, int64_t width,
                        VerticalReverse vertical_reverse) {
  LM_CHECK(height >= 1 && width >= 1);
  const int64_t length = direction.Length(height, width);
  LM_CHECK(length < std::numeric_limits<int32_t>::max());
  ScanOrder order;
  order.read.reserve(static_cast<size_t>(length) + 1);  // one more for a class token
  order.write.reserve(static_cast<size_t>(length) + 1);
  for (int64_t t = 0; t < length; ++t) {
    const int64_t source = direction.flip ? length - 1 - t : t;
    order.read.push_back(static_cast<int32_t>(TokenAt(direction, height, width, source)));
    order.write.push_back(
        static_cast<int32_t>(ReceiverOf(direction, height, width, source, vertical_reverse)));
  }
  return order;
}

ScanOrder MakeScanOrderWithClassToken(const ScanDirection& direction, int64_t height, int64_t width,
                                      VerticalReverse vertical_reverse) {
  ScanOrder order = MakeScanOrder(direction, height, width, vertical_reverse);
  const auto middle = static_cast<int32_t>(height * width / 2);
  InsertClassToken(order.read, middle);
  InsertClassToken(order.write, middle);
  return order;
}

}  // namespace localmamba
