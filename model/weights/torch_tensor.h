// Tensors of a PyTorch checkpoint: pickled calls of torch._utils._rebuild_*, and their storages.
#ifndef LOCALMAMBA_MODEL_WEIGHTS_TORCH_TENSOR_H_
#define LOCALMAMBA_MODEL_WEIGHTS_TORCH_TENSOR_H_

#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "kernels/tensor/tensor.h"
#include "model/weights/pickle.h"
#include "model/weights/zip_archive.h"

namespace localmamba {

// True for a pickled tensor or parameter.
bool IsTorchTensor(const PickleValue& value);

// Makes tensors one after the other. Reads at most `max_bytes` of storages for all of them: many
// tensors that share a storage could ask for far more memory than the file has.
class TorchTensorReader {
 public:
  // `root`: folder of the archive that has data/. Keeps a reference to `archive`.
  TorchTensorReader(const ZipArchive& archive, std::string root, size_t max_bytes)
      : archive_(archive), root_(std::move(root)), bytes_left_(max_bytes) {}

  // Row-major in memory of its own; half, bfloat16 and double become f32.
  // Errors: INVALID_ARGUMENT, RESOURCE_EXHAUSTED.
  absl::StatusOr<Tensor> Read(const PickleValue& value);

 private:
  const ZipArchive& archive_;
  std::string root_;
  size_t bytes_left_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_WEIGHTS_TORCH_TENSOR_H_
