// Sums over all rows on the CPU, for the gradients of weights and biases.
#ifndef LOCALMAMBA_KERNELS_NORM_ROW_SUMS_CPU_H_
#define LOCALMAMBA_KERNELS_NORM_ROW_SUMS_CPU_H_

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

// Calls body(begin, end, dweight, dbias) for ranges that cover [0, rows), several at once. A range
// has partial sums of its own, D zeros to which `body` adds, or null where the sum is not wanted
// (an absent view). Their totals are written to the views.
//
// Ranges and the order of additions depend on `rows` alone.
void SumOverRows(
    Stream& stream, int64_t rows, int64_t D, const TensorView& dweight, const TensorView& dbias,
    absl::FunctionRef<void(int64_t begin, int64_t end, float* dweight, float* dbias)> body);

// sums[i] = sum over `count` rows of D elements of row[i].
void AddRows(const float* rows, int64_t count, int64_t D, float* sums);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_NORM_ROW_SUMS_CPU_H_
