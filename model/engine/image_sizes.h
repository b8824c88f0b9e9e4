// The sizes of the images inside a padded batch, on their way from Engine::Run to a network.
#ifndef LOCALMAMBA_MODEL_ENGINE_IMAGE_SIZES_H_
#define LOCALMAMBA_MODEL_ENGINE_IMAGE_SIZES_H_

#include <cstdint>

#include "absl/status/status.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

// Errors: INVALID_ARGUMENT unless `sizes` is as Engine::Run wants it for `input`, which is valid.
absl::Status CheckImageSizes(const ConstTensorView& sizes, const ConstTensorView& input);

// Writes `sizes`, which are valid, as ForwardOptions::sizes wants them to `result`, (N, 2), in host
// memory. Images beyond those of `input`, and all of them if `sizes` is empty, are as large as the
// input.
void WriteImageSizes(const ConstTensorView& sizes, const ConstTensorView& input, float* result,
                     int64_t images);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_ENGINE_IMAGE_SIZES_H_
