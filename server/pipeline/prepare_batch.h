// Several images of one request, made into one tensor that the network takes.
#ifndef LOCALMAMBA_SERVER_PIPELINE_PREPARE_BATCH_H_
#define LOCALMAMBA_SERVER_PIPELINE_PREPARE_BATCH_H_

#include <cstddef>
#include <variant>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "kernels/device/buffer.h"
#include "kernels/tensor/tensor.h"
#include "model/vision/decode.h"
#include "model/vision/preprocess.h"
#include "server/pipeline/prepare_image.h"
#include "server/runtime/call_context.h"
#include "server/runtime/clock.h"
#include "server/runtime/executor.h"

namespace localmamba::server {

// Files to decode, resize and crop; or dense tensors in host memory: (n, H, W, 3) u8 pixels, or
// normalised images (n, 3, H, W) as f32 or f16. Does not own its bytes.
using ImageBatch = std::variant<std::vector<EncodedImage>, ConstTensorView>;

// Whether the network takes it as it is: u8 or f32.
bool IsPrepared(const ImageBatch& images);

size_t BytesOf(const ImageBatch& images);

// How many images they are. A tensor has at least one dimension.
size_t CountOf(const ImageBatch& images);

// One of them, of files or u8 pixels.
ImageSource ImageOf(const ImageBatch& images, size_t index);

struct BatchToPrepare {
  ImageBatch images;  // one or more
  PreprocessConfig config;
  DecodeLimits limits;
  CallContext context;
};

// Decodes files to u8 pixels, or converts f16 to f32, one image in each task of `decode`. Calls
// `done` once, from any thread, perhaps before returning, when no task uses the images any more.
// Errors: those of PrepareImage, with the number of the image if there are several; those of
// CheckWanted; RESOURCE_EXHAUSTED if `decode` is full or there is no memory. If several images have
// one, that of the first to be found.
void PrepareBatch(BatchToPrepare batch, Executor& decode, Allocator& allocator, const Clock& clock,
                  absl::AnyInvocable<void(absl::StatusOr<Tensor>)> done);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_PIPELINE_PREPARE_BATCH_H_
