#include "client/overlay/label_layout.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace localmamba::client {
namespace {

// What a place costs, for each part of the label's area that covers another box, and for each place
// that would have been nicer.
constexpr double kBoxCost = 0.15;
constexpr double kOrderCost = 0.02;

// Corners of the box, the nicest first, moved into the picture.
std::array<cv::Rect, 8> PlacesOf(const LabelWish& wish, cv::Size picture) {
  const auto& [box, label] = wish;
  const int right = box.br().x - label.width;
  const int above = box.y - label.height;
  const int below = box.br().y;
  const int low = below - label.height;
  std::array<cv::Rect, 8> places = {{{{box.x, above}, label},
                                     {{box.x, box.y}, label},
                                     {{right, above}, label},
                                     {{box.x, below}, label},
                                     {{right, below}, label},
                                     {{right, box.y}, label},
                                     {{box.x, low}, label},
                                     {{right, low}, label}}};
  for (cv::Rect& place : places) {
    place.x = std::clamp(place.x, 0, picture.width - label.width);
    place.y = std::clamp(place.y, 0, picture.height - label.height);
  }
  return places;
}

}  // namespace

std::vector<std::optional<cv::Rect>> PlaceLabels(absl::Span<const LabelWish> wishes,
                                                 cv::Size picture) {
  std::vector<std::optional<cv::Rect>> placed(wishes.size());
  for (size_t i = 0; i < wishes.size(); ++i) {
    const cv::Size label = wishes[i].label;
    if (label.width > picture.width || label.height > picture.height) continue;
    double least = 0;
    double order = 0;
    for (const cv::Rect& place : PlacesOf(wishes[i], picture)) {
      double cost = kOrderCost * order++ * label.area();
      for (size_t j = 0; j < wishes.size(); ++j) {
        if (j != i) cost += kBoxCost * (place & wishes[j].box).area();
      }
      const bool taken = std::any_of(placed.begin(), placed.begin() + static_cast<ptrdiff_t>(i),
                                     [&](const std::optional<cv::Rect>& other) {
                                       return other.has_value() && !(place & *other).empty();
                                     });
      if (taken || (placed[i].has_value() && cost >= least)) continue;
      placed[i] = place;
      least = cost;
    }
  }
  return placed;
}

}  // namespace localmamba::client
