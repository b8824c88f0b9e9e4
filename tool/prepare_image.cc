#include "tool/prepare_image.h"

#include <cstdint>
#include <memory>

#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"
#include "model/vision/decode.h"
#include "model/weights/mapped_file.h"

namespace localmamba::tool {

absl::StatusOr<PreparedImage> PrepareImage(const ModelSpec& spec, const std::string& path,
                                           Allocator& memory, Stream& stream) {
  LM_ASSIGN_OR_RETURN(const std::shared_ptr<MappedFile> file, MappedFile::Open(path));
  const absl::StatusOr<DecodedImage> image = DecodeImage(
      {reinterpret_cast<const uint8_t*>(file->bytes().data()), file->bytes().size()}, {}, memory);
  if (!image.ok()) return Annotate(image.status(), path);
  return ResizeKeepRatio(*spec.keep_ratio, spec.preprocess.normalization, image->pixels, memory,
                         stream);
}

}  // namespace localmamba::tool
