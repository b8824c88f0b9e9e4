// Extents of a tensor, outermost first.
#ifndef LOCALMAMBA_KERNELS_TENSOR_SHAPE_H_
#define LOCALMAMBA_KERNELS_TENSOR_SHAPE_H_

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>

#include "absl/types/span.h"

namespace localmamba {

inline constexpr int kMaxRank = 6;

// Up to kMaxRank extents of 0 or more. Rank 0 is a scalar with one element.
class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<int64_t> dims)
      : Shape(absl::MakeConstSpan(dims.begin(), dims.size())) {}
  explicit Shape(absl::Span<const int64_t> dims);

  [[nodiscard]] int rank() const { return rank_; }
  int64_t operator[](int i) const { return dims_[static_cast<size_t>(i)]; }
  int64_t& operator[](int i) { return dims_[static_cast<size_t>(i)]; }
  [[nodiscard]] int64_t elements() const;
  [[nodiscard]] absl::Span<const int64_t> dims() const {
    return {dims_.data(), static_cast<size_t>(rank_)};
  }
  [[nodiscard]] std::string ToString() const;  // "[2,3,4]"

  friend bool operator==(const Shape& a, const Shape& b) { return a.dims() == b.dims(); }

 private:
  std::array<int64_t, kMaxRank> dims_{};
  int rank_ = 0;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_TENSOR_SHAPE_H_
