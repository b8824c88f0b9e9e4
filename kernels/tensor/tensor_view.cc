#include "kernels/tensor/tensor_view.h"

#include <vector>

#include "absl/strings/str_cat.h"

namespace localmamba {

template <class Void>
void BasicTensorView<Void>::DropDimension(int i, Shape& shape, Shape& strides) const {
  std::vector<int64_t> kept_dims;
  std::vector<int64_t> kept_strides;
  for (int j = 0; j < rank(); ++j) {
    if (j == i) continue;
    kept_dims.push_back(dim(j));
    kept_strides.push_back(stride(j));
  }
  shape = Shape(kept_dims);
  strides = Shape(kept_strides);
}

template <class Void>
BasicTensorView<Void> BasicTensorView<Void>::Reshape(const Shape& shape) const {
  LM_CHECK(shape.elements() == elements());
  BasicTensorView result(data_, dtype_, shape, device_);
  if (IsDense() || elements() == 0) return result;
  // Match groups of old and new dimensions with the same product, innermost first. Inside a group
  // the old strides must be those of one dense run scaled by the group's innermost stride.
  int old_dim = rank() - 1;
  int new_dim = shape.rank() - 1;
  while (old_dim >= 0 && new_dim >= 0) {
    const int64_t unit = stride(old_dim);
    int64_t old_count = dim(old_dim);
    int64_t new_count = shape[new_dim];
    result.strides_[new_dim] = unit;
    while (old_count != new_count) {
      if (old_count < new_count) {
        --old_dim;
        LM_CHECK(old_dim >= 0 && (dim(old_dim) == 1 || stride(old_dim) == unit * old_count));
        old_count *= dim(old_dim);
      } else {
        --new_dim;
        LM_CHECK(new_dim >= 0);
        result.strides_[new_dim] = unit * new_count;
        new_count *= shape[new_dim];
      }
    }
    --old_dim;
    --new_dim;
  }
  for (; new_dim >= 0; --new_dim) result.strides_[new_dim] = elements();  // extents of 1
  return result;
}

template class BasicTensorView<void>;
template class BasicTensorView<const void>;

std::string Describe(const ConstTensorView& view) {
  if (view.empty()) return "absent";
  return absl::StrCat(ToString(view.dtype()), view.shape().ToString(), " on ",
                      view.device().ToString());
}

}  // namespace localmamba
