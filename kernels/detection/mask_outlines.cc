// Walks along the borders between set and unset pixels with the set pixel on the right hand.
#include <array>
#include <cstddef>

#include "kernels/detection/mask_polygons.h"

namespace localmamba {
namespace {

// Clockwise as the image is seen, y pointing down.
enum Direction : size_t { kEast, kSouth, kWest, kNorth };

struct Step {
  int64_t x, y;
};
constexpr std::array<Step, 4> kSteps = {{{1, 0}, {0, 1}, {-1, 0}, {0, -1}}};
// The pixels ahead to the right of a corner, and so to the left with the next entry's, by direction.
constexpr std::array<Step, 4> kRightAhead = {{{0, 0}, {-1, 0}, {-1, -1}, {0, -1}}};

constexpr Direction RightOf(Direction d) { return static_cast<Direction>((d + 1) % 4); }
constexpr Direction LeftOf(Direction d) { return static_cast<Direction>((d + 3) % 4); }

class OutlineWalker {
 public:
  explicit OutlineWalker(const RunLengths& runs)
      : height_(runs.height),
        width_(runs.width),
        mask_(DecodeRunLengths(runs)),
        walked_(mask_.size()) {}

  std::vector<Polygon> Outlines() {
    std::vector<Polygon> outlines;
    for (int64_t y = 0; y < height_; ++y) {
      for (int64_t x = 0; x < width_; ++x) {
        const bool upper_border = IsSet(x, y) && !IsSet(x, y - 1);
        if (!upper_border || walked_[At(x, y)]) continue;
        Polygon outline = Walk(x, y);
        if (TwiceArea(outline) > 0) outlines.push_back(std::move(outline));  // else around a hole
      }
    }
    return outlines;
  }

 private:
  [[nodiscard]] size_t At(int64_t x, int64_t y) const {
    return static_cast<size_t>(y * width_ + x);
  }
  [[nodiscard]] bool IsSet(int64_t x, int64_t y) const {
    return 0 <= x && x < width_ && 0 <= y && y < height_ && mask_[At(x, y)] != 0;
  }

  // From the upper left corner of a pixel along its upper side and round.
  Polygon Walk(int64_t x, int64_t y) {
    const int64_t start_x = x;
    const int64_t start_y = y;
    Direction direction = kEast;
    Polygon outline;
    do {
      if (direction == kEast) walked_[At(x, y)] = true;
      x += kSteps[direction].x;
      y += kSteps[direction].y;
      const Step& right = kRightAhead[direction];
      const Step& left = kRightAhead[LeftOf(direction)];
      Direction next = direction;
      if (!IsSet(x + right.x, y + right.y)) {
        next = RightOf(direction);
      } else if (IsSet(x + left.x, y + left.y)) {
        next = LeftOf(direction);
      }
      if (next != direction) {
        outline.push_back(static_cast<double>(x));
        outline.push_back(static_cast<double>(y));
      }
      direction = next;
    } while (x != start_x || y != start_y || direction != kEast);
    return outline;
  }

  // Positive for outlines that go round clockwise.
  static double TwiceArea(const Polygon& outline) {
    double sum = 0;
    for (size_t i = 0; i < outline.size(); i += 2) {
      const size_t next = (i + 2) % outline.size();
      sum += outline[i] * outline[next + 1] - outline[next] * outline[i + 1];
    }
    return sum;
  }

  int64_t height_;
  int64_t width_;
  std::vector<uint8_t> mask_;
  std::vector<bool> walked_;  // upper sides of pixels
};

}  // namespace

std::vector<Polygon> MaskOutlines(const RunLengths& runs) { return OutlineWalker(runs).Outlines(); }

}  // namespace localmamba
