#include "server/pipeline/prepare_batch.h"

#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "kernels/base/annotate.h"
#include "kernels/base/mutex.h"
#include "kernels/base/status_macros.h"
#include "kernels/device/stream.h"
#include "kernels/elementwise/cast.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {
namespace {

// Counts the images that are not ready, and keeps the first error.
class Preparation {
 public:
  Preparation(BatchToPrepare batch, Tensor result, Allocator& allocator, const Clock& clock,
              absl::AnyInvocable<void(absl::StatusOr<Tensor>)> done)
      : batch_(std::move(batch)),
        result_(std::move(result)),
        allocator_(allocator),
        clock_(clock),
        done_(std::move(done)),
        missing_(CountOf(batch_.images)) {}

  void Prepare(size_t index) {
    absl::Status status;
    if (!failed()) status = PrepareOne(index);
    const size_t images = CountOf(batch_.images);
    Finish(images == 1 ? status : Annotate(status, absl::StrCat("image ", index, " of ", images)));
  }

  void Finish(const absl::Status& status) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::Status first;
    {
      const MutexLock lock(mu_);
      failure_.Update(status);
      if (--missing_ > 0) return;
      first = failure_;
    }
    done_(first.ok() ? absl::StatusOr<Tensor>(std::move(result_)) : first);
  }

 private:
  [[nodiscard]] bool failed() const ABSL_LOCKS_EXCLUDED(mu_) {
    const MutexLock lock(mu_);
    return !failure_.ok();
  }

  absl::Status PrepareOne(size_t index) {
    LM_RETURN_IF_ERROR(CheckWanted(batch_.context, clock_.Now(), "decoding"));
    const Tensor destination = result_.Select(0, static_cast<int64_t>(index));
    if (const auto* files = std::get_if<std::vector<EncodedImage>>(&batch_.images)) {
      LM_ASSIGN_OR_RETURN(const Tensor pixels,
                          PrepareImage((*files)[index], batch_.config, batch_.limits, allocator_));
      std::memcpy(destination.data<uint8_t>(), pixels.data<uint8_t>(),
                  static_cast<size_t>(pixels.elements()));
      return absl::OkStatus();
    }
    LM_ASSIGN_OR_RETURN(Stream stream, Stream::Create(Device::Cpu(), 1));
    const ConstTensorView half =
        std::get<ConstTensorView>(batch_.images).Select(0, static_cast<int64_t>(index));
    const Shape row = {1, half.elements()};
    return Cast(half.Reshape(row), destination.view().Reshape(row), stream);
  }

  const BatchToPrepare batch_;
  Tensor result_;  // each image of which one thread writes
  Allocator& allocator_;
  const Clock& clock_;
  absl::AnyInvocable<void(absl::StatusOr<Tensor>)> done_;

  mutable Mutex mu_;
  size_t missing_ ABSL_GUARDED_BY(mu_);
  absl::Status failure_ ABSL_GUARDED_BY(mu_);
};

absl::StatusOr<Tensor> AllocateResult(const BatchToPrepare& batch, Allocator& allocator) {
  if (const auto* tensor = std::get_if<ConstTensorView>(&batch.images)) {
    return Tensor::Allocate(allocator, DType::kFloat32, tensor->shape());
  }
  return Tensor::Allocate(allocator, DType::kUInt8,
                          {static_cast<int64_t>(CountOf(batch.images)), batch.config.crop_height,
                           batch.config.crop_width, 3});
}

}  // namespace

bool IsPrepared(const ImageBatch& images) {
  const auto* tensor = std::get_if<ConstTensorView>(&images);
  return tensor != nullptr && tensor->dtype() != DType::kFloat16;
}

size_t BytesOf(const ImageBatch& images) {
  if (const auto* tensor = std::get_if<ConstTensorView>(&images)) {
    return static_cast<size_t>(tensor->elements()) * SizeOf(tensor->dtype());
  }
  size_t bytes = 0;
  for (const EncodedImage& file : std::get<std::vector<EncodedImage>>(images)) {
    bytes += file.bytes.size();
  }
  return bytes;
}

size_t CountOf(const ImageBatch& images) {
  const auto* files = std::get_if<std::vector<EncodedImage>>(&images);
  return files != nullptr ? files->size()
                          : static_cast<size_t>(std::get<ConstTensorView>(images).dim(0));
}

ImageSource ImageOf(const ImageBatch& images, size_t index) {
  if (const auto* files = std::get_if<std::vector<EncodedImage>>(&images)) return (*files)[index];
  const ConstTensorView pixels =
      std::get<ConstTensorView>(images).Select(0, static_cast<int64_t>(index));
  return RawImage{.height = pixels.dim(0),
                  .width = pixels.dim(1),
                  .rgb = {pixels.data<uint8_t>(), static_cast<size_t>(pixels.elements())}};
}

void PrepareBatch(BatchToPrepare batch, Executor& decode, Allocator& allocator, const Clock& clock,
                  absl::AnyInvocable<void(absl::StatusOr<Tensor>)> done) {
  absl::StatusOr<Tensor> result = AllocateResult(batch, allocator);
  if (!result.ok()) return done(result.status());
  const size_t images = CountOf(batch.images);
  const auto preparation = std::make_shared<Preparation>(std::move(batch), *std::move(result),
                                                         allocator, clock, std::move(done));
  for (size_t i = 0; i < images; ++i) {
    if (decode.TrySubmit([preparation, i] { preparation->Prepare(i); })) continue;
    preparation->Finish(
        Reject(RejectReason::kDecodeQueueFull,
               absl::ResourceExhaustedError("too many requests wait to be decoded")));
  }
}

}  // namespace localmamba::server
