// A small RGB image that augmentation works on.
#ifndef LOCALMAMBA_MODEL_DATA_RGB_IMAGE_H_
#define LOCALMAMBA_MODEL_DATA_RGB_IMAGE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/tensor/tensor_view.h"

namespace localmamba {

using Rgb = std::array<uint8_t, 3>;

// 8 bits a channel, rows without gaps. Both sides are at least 1.
class RgbImage {
 public:
  // Black.
  RgbImage(int64_t height, int64_t width)
      : height_(height), width_(width), bytes_(static_cast<size_t>(height * width * 3)) {}
  RgbImage(int64_t height, int64_t width, Rgb color) : RgbImage(height, width) {
    for (size_t i = 0; i < bytes_.size(); ++i) bytes_[i] = color[i % 3];
  }

  [[nodiscard]] int64_t height() const { return height_; }
  [[nodiscard]] int64_t width() const { return width_; }

  [[nodiscard]] uint8_t* row(int64_t y) { return bytes_.data() + y * width_ * 3; }
  [[nodiscard]] const uint8_t* row(int64_t y) const { return bytes_.data() + y * width_ * 3; }
  // (height, width, 3), row by row.
  [[nodiscard]] std::vector<uint8_t>& bytes() { return bytes_; }
  [[nodiscard]] const std::vector<uint8_t>& bytes() const { return bytes_; }

  [[nodiscard]] TensorView view() { return {bytes_.data(), DType::kUInt8, {height_, width_, 3}}; }
  [[nodiscard]] ConstTensorView view() const {
    return {bytes_.data(), DType::kUInt8, {height_, width_, 3}};
  }

 private:
  int64_t height_;
  int64_t width_;
  std::vector<uint8_t> bytes_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_DATA_RGB_IMAGE_H_
