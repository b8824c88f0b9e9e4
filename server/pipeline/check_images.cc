#include "server/pipeline/check_images.h"

#include "absl/strings/str_cat.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {
namespace {

// Of images that the network takes, or halves of them.
absl::Status CheckTensor(const ConstTensorView& input, const ServedVersion& version) {
  const auto [height, width] = version.input_size();
  const auto most = static_cast<int64_t>(version.max_batch_size());
  if (!input.empty() && input.rank() == 4 && input.IsDense() && 1 <= input.dim(0) &&
      input.dim(0) <= most) {
    const bool pixels = input.dtype() == DType::kUInt8;
    const bool floats = input.dtype() == DType::kFloat32 || input.dtype() == DType::kFloat16;
    if (pixels && input.shape() == Shape({input.dim(0), height, width, 3})) return absl::OkStatus();
    if (floats && input.shape() == Shape({input.dim(0), 3, height, width})) return absl::OkStatus();
  }
  return InvalidRequest(absl::StrCat("input: found ", Describe(input), ", wanted f32[n,3,", height,
                                     ",", width, "], the same of f16, or u8[n,", height, ",", width,
                                     ",3] with n from 1 to ", most));
}

}  // namespace

absl::Status CheckImages(const ImageBatch& images, const ServedVersion& version) {
  if (const auto* tensor = std::get_if<ConstTensorView>(&images)) {
    return CheckTensor(*tensor, version);
  }
  const size_t found = CountOf(images);
  if (1 <= found && found <= version.max_batch_size()) return absl::OkStatus();
  return InvalidRequest(
      absl::StrCat("images: found ", found, ", wanted 1 to ", version.max_batch_size()));
}

ImageKind KindOf(const ImageBatch& images, const ServedVersion& version) {
  const auto [height, width] = version.input_size();
  const auto* tensor = std::get_if<ConstTensorView>(&images);
  if (tensor == nullptr || tensor->dtype() == DType::kUInt8) {
    return {DType::kUInt8, {height, width, 3}};
  }
  return {DType::kFloat32, {3, height, width}};
}

}  // namespace localmamba::server
