// Changes of shape, bicubic, as the official training code makes them with Pillow. The image keeps
// its size.
#ifndef LOCALMAMBA_MODEL_DATA_GEOMETRIC_OPERATIONS_H_
#define LOCALMAMBA_MODEL_DATA_GEOMETRIC_OPERATIONS_H_

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "model/data/rgb_image.h"

namespace localmamba {

// `fill`: the colour of what comes from outside of the image.

// Counterclockwise about the middle.
void Rotate(RgbImage& image, double degrees, Rgb fill);
// Row y moves by -factor * y to the right, from the top left corner.
void ShearX(RgbImage& image, double factor, Rgb fill);
void ShearY(RgbImage& image, double factor, Rgb fill);
// By -share of the width to the right, or of the height down.
void TranslateX(RgbImage& image, double share, Rgb fill);
void TranslateY(RgbImage& image, double share, Rgb fill);

// Moves the inner corners of a grid of tiles x tiles by `shift` pixels, each tile with its corners.
// Changes nothing for fewer than 2 tiles or more than the image has rows or columns. Fills with
// black.
void Distort(RgbImage& image, int tiles, int shift);

// Moves each corner outwards along one side, the top left one to the left, the top right one up and
// so on, by ceil(share * longer side) pixels; inwards if that is negative. Changes nothing where
// the result would have no area. Fills with black.
void Skew(RgbImage& image, double share);

// Scales the image about its middle (antialiased). Fills with black. `stream`: of the CPU.
absl::Status Zoom(RgbImage& image, double factor, Stream& stream);

void FlipHorizontally(RgbImage& image);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_DATA_GEOMETRIC_OPERATIONS_H_
