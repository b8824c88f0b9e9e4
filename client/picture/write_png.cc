#include "client/picture/write_png.h"

#include <spng.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <memory>

#include "absl/strings/str_cat.h"

namespace localmamba::client {

absl::Status WritePng(const cv::Mat& rgb, const std::string& path) {
  const std::unique_ptr<spng_ctx, void (*)(spng_ctx*)> encoder(spng_ctx_new(SPNG_CTX_ENCODER),
                                                               &spng_ctx_free);
  spng_ihdr header = {.width = static_cast<uint32_t>(rgb.cols),
                      .height = static_cast<uint32_t>(rgb.rows),
                      .bit_depth = 8,
                      .color_type = SPNG_COLOR_TYPE_TRUECOLOR};
  size_t bytes = 0;
  int error = spng_set_ihdr(encoder.get(), &header);
  if (error == 0) error = spng_set_option(encoder.get(), SPNG_ENCODE_TO_BUFFER, 1);
  if (error == 0) {
    error = spng_encode_image(encoder.get(), rgb.data, rgb.total() * rgb.elemSize(), SPNG_FMT_PNG,
                              SPNG_ENCODE_FINALIZE);
  }
  const std::unique_ptr<char, void (*)(void*)> png(
      static_cast<char*>(error == 0 ? spng_get_png_buffer(encoder.get(), &bytes, &error) : nullptr),
      &std::free);
  if (error != 0) {
    return absl::InternalError(absl::StrCat(path, ": no PNG: ", spng_strerror(error)));
  }
  std::ofstream file(path, std::ios::binary);
  file.write(png.get(), static_cast<std::streamsize>(bytes));
  if (!file.flush()) return absl::UnavailableError(absl::StrCat(path, " cannot be written"));
  return absl::OkStatus();
}

}  // namespace localmamba::client
