#include "model/vision/decode_label_map.h"

#include <cstddef>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "kernels/base/status_macros.h"
#include "model/vision/decode_formats.h"
#include "model/vision/png_file.h"

namespace localmamba {
namespace {

absl::string_view KindName(uint8_t color_type) {
  switch (color_type) {
    case SPNG_COLOR_TYPE_GRAYSCALE:
      return "grey";
    case SPNG_COLOR_TYPE_INDEXED:
      return "palette";
    case SPNG_COLOR_TYPE_GRAYSCALE_ALPHA:
      return "grey and alpha";
    case SPNG_COLOR_TYPE_TRUECOLOR:
      return "RGB";
    default:
      return "RGB and alpha";
  }
}

absl::Status CheckKind(const spng_ihdr& header) {
  const bool grey = header.color_type == SPNG_COLOR_TYPE_GRAYSCALE && header.bit_depth == 8;
  if (grey || header.color_type == SPNG_COLOR_TYPE_INDEXED) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("label map: ", KindName(header.color_type), " PNG of ", header.bit_depth,
                   " bits a sample, wanted grey of 8 bits or a palette"));
}

// Samples of `bits` bits, the first one in the highest bits of a byte; rows begin with a new byte.
void Unpack(const std::vector<uint8_t>& packed, unsigned bits, const TensorView& labels) {
  const int64_t height = labels.dim(0);
  const int64_t width = labels.dim(1);
  const size_t row_bytes = packed.size() / static_cast<size_t>(height);
  const unsigned per_byte = 8 / bits;
  const unsigned mask = (1U << bits) - 1;
  auto* to = labels.data<uint8_t>();
  for (size_t y = 0; y < static_cast<size_t>(height); ++y) {
    const uint8_t* row = packed.data() + y * row_bytes;
    for (size_t x = 0; x < static_cast<size_t>(width); ++x) {
      const auto shift = static_cast<unsigned>(per_byte - 1 - x % per_byte) * bits;
      *to++ = static_cast<uint8_t>(row[x / per_byte] >> shift & mask);
    }
  }
}

}  // namespace

absl::StatusOr<Tensor> DecodeLabelMap(absl::Span<const uint8_t> bytes, const DecodeLimits& limits,
                                      Allocator& allocator) {
  if (bytes.size() > limits.max_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("label map: ", bytes.size(), " bytes, wanted at most ", limits.max_bytes));
  }
  if (!IsPng(bytes)) return absl::InvalidArgumentError("label map: is no PNG");
  LM_ASSIGN_OR_RETURN(const PngFile file, OpenPng(bytes, limits));
  LM_RETURN_IF_ERROR(CheckKind(file.header));
  spng_ctx* ctx = file.context.get();
  LM_ASSIGN_OR_RETURN(Tensor labels, Tensor::Allocate(allocator, DType::kUInt8,
                                                      {file.header.height, file.header.width}));
  size_t packed_bytes = 0;
  if (const int error = spng_decoded_image_size(ctx, SPNG_FMT_PNG, &packed_bytes); error != 0) {
    return PngError(error);
  }
  std::vector<uint8_t> packed(packed_bytes);
  if (const int error = spng_decode_image(ctx, packed.data(), packed.size(), SPNG_FMT_PNG, 0);
      error != 0) {
    return PngError(error);
  }
  Unpack(packed, file.header.bit_depth, labels.view());
  return labels;
}

}  // namespace localmamba
