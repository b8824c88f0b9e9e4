#include "model/vision/encode_label_map.h"

#include <spng.h>

#include <cstdlib>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {
namespace {

constexpr int64_t kMaxClasses = 65536;

// Label maps are large areas of one value: more effort makes them a few percent smaller.
constexpr int kCompressionLevel = 1;

absl::Status ToStatus(int error) {
  if (error == 0) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat("label map cannot be encoded as PNG: ", spng_strerror(error)));
}

template <class Sample>
std::vector<Sample> SamplesOf(const ConstTensorView& labels) {
  const int32_t* first = labels.data<int32_t>();
  return {first, first + labels.elements()};
}

// `samples` in the byte order of this machine.
absl::StatusOr<std::string> EncodeGray(const ConstTensorView& labels, uint8_t bit_depth,
                                       const void* samples, size_t bytes) {
  const std::unique_ptr<spng_ctx, void (*)(spng_ctx*)> encoder(spng_ctx_new(SPNG_CTX_ENCODER),
                                                               &spng_ctx_free);
  spng_ctx* ctx = encoder.get();
  spng_ihdr header = {};
  header.height = static_cast<uint32_t>(labels.dim(0));
  header.width = static_cast<uint32_t>(labels.dim(1));
  header.bit_depth = bit_depth;
  header.color_type = SPNG_COLOR_TYPE_GRAYSCALE;
  for (const int error :
       {spng_set_option(ctx, SPNG_ENCODE_TO_BUFFER, 1),
        spng_set_option(ctx, SPNG_IMG_COMPRESSION_LEVEL, kCompressionLevel),
        spng_set_ihdr(ctx, &header),
        spng_encode_image(ctx, samples, bytes, SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE)}) {
    LM_RETURN_IF_ERROR(ToStatus(error));
  }
  size_t size = 0;
  int error = 0;
  const std::unique_ptr<void, void (*)(void*)> file(spng_get_png_buffer(ctx, &size, &error),
                                                    &std::free);
  LM_RETURN_IF_ERROR(ToStatus(error));
  return std::string(static_cast<const char*>(file.get()), size);
}

}  // namespace

absl::StatusOr<std::string> EncodeLabelMap(const ConstTensorView& labels, int64_t num_classes) {
  const ArgChecker check("encode_label_map", Device::Cpu());
  LM_RETURN_IF_ERROR(check.Dense("labels", labels, DType::kInt32, {-1, -1}));
  if (num_classes < 1 || num_classes > kMaxClasses) {
    return absl::InvalidArgumentError(
        absl::StrCat("encode_label_map: ", num_classes, " classes, wanted 1 to ", kMaxClasses));
  }
  if (num_classes <= 256) {
    const auto samples = SamplesOf<uint8_t>(labels);
    return EncodeGray(labels, 8, samples.data(), samples.size());
  }
  const auto samples = SamplesOf<uint16_t>(labels);
  return EncodeGray(labels, 16, samples.data(), samples.size() * sizeof(uint16_t));
}

}  // namespace localmamba
