// The orientation of a photo: how its stored pixels must be turned to be upright.
#ifndef LOCALMAMBA_MODEL_VISION_EXIF_ORIENTATION_H_
#define LOCALMAMBA_MODEL_VISION_EXIF_ORIENTATION_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "kernels/device/buffer.h"
#include "kernels/tensor/tensor.h"

namespace localmamba {

// Numbered as in Exif 2.3, tag 0x0112; named after what makes the stored pixels upright.
enum class Orientation : uint8_t {
  kUpright = 1,
  kFlipHorizontally = 2,
  kRotate180 = 3,
  kFlipVertically = 4,
  kTranspose = 5,
  kRotateClockwise = 6,
  kTransverse = 7,  // mirrored along the other diagonal
  kRotateCounterclockwise = 8,
};

// True if height and width change places.
inline bool SwapsSides(Orientation orientation) { return orientation >= Orientation::kTranspose; }

// The orientation in an Exif block: TIFF data, with or without the prefix "Exif\0\0". Any bytes are
// fine: kUpright if the block is damaged, or has no orientation or one that does not exist.
Orientation ParseExifOrientation(absl::Span<const uint8_t> exif);

// image: (H, W, 3), u8, dense. Returns it, or an upright copy. Errors: those of `allocator`.
absl::StatusOr<Tensor> MakeUpright(const Tensor& image, Orientation orientation,
                                   Allocator& allocator);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_VISION_EXIF_ORIENTATION_H_
