#include <cstdint>
#include <cstring>

#include "kernels/device/parallel.h"
#include "kernels/elementwise/backends.h"
#include "kernels/tensor/half.h"

namespace localmamba {
namespace {

float Load(const void* data, DType dtype, int64_t i) {
  switch (dtype) {
    case DType::kFloat16:
      return FloatFromFloat16(static_cast<const uint16_t*>(data)[i]);
    case DType::kBFloat16:
      return FloatFromBFloat16(static_cast<const uint16_t*>(data)[i]);
    default:
      return static_cast<const float*>(data)[i];
  }
}

void Store(float value, void* data, DType dtype, int64_t i) {
  switch (dtype) {
    case DType::kFloat16:
      static_cast<uint16_t*>(data)[i] = Float16FromFloat(value);
      return;
    case DType::kBFloat16:
      static_cast<uint16_t*>(data)[i] = BFloat16FromFloat(value);
      return;
    default:
      static_cast<float*>(data)[i] = value;
  }
}

}  // namespace

absl::Status CastCpu(const ConstTensorView& x, const TensorView& y, Stream& stream) {
  const int64_t columns = x.dim(1);
  ParallelFor(stream, x.dim(0), GrainRows(columns), [&](int64_t begin, int64_t end) {
    for (int64_t m = begin; m < end; ++m) {
      const void* const source = x.Select(0, m).raw_data();
      void* const target = y.Select(0, m).raw_data();
      if (x.dtype() == y.dtype()) {
        std::memcpy(target, source, static_cast<size_t>(columns) * SizeOf(x.dtype()));
        continue;
      }
      for (int64_t n = 0; n < columns; ++n) {
        Store(Load(source, x.dtype(), n), target, y.dtype(), n);
      }
    }
  });
  return absl::OkStatus();
}

}  // namespace localmamba
