// Changes of colour and sharpness, equal to Pillow's (ImageOps, ImageEnhance, ImageFilter) bit for
// bit. All work in place.
#ifndef LOCALMAMBA_MODEL_DATA_COLOR_OPERATIONS_H_
#define LOCALMAMBA_MODEL_DATA_COLOR_OPERATIONS_H_

#include "model/data/rgb_image.h"

namespace localmamba {

// Stretches each channel to 0..255.
void AutoContrast(RgbImage& image);
// Makes the histogram of each channel as even as a map of levels can.
void Equalize(RgbImage& image);
void Invert(RgbImage& image);
// Keeps the upper `bits` of each level; 8 or more change nothing, 0 or fewer give black.
void Posterize(RgbImage& image, int bits);
// Inverts levels from `threshold` on.
void Solarize(RgbImage& image, int threshold);
// Adds `amount` to levels below 128.
void SolarizeAdd(RgbImage& image, int amount);

// factor: 1 changes nothing; 0 gives grey (saturation), the mean grey (contrast), black
// (brightness) or a smoothed image (sharpness); above 1 the opposite.
void AdjustSaturation(RgbImage& image, double factor);
void AdjustContrast(RgbImage& image, double factor);
void AdjustBrightness(RgbImage& image, double factor);
void AdjustSharpness(RgbImage& image, double factor);

// Gaussian blur, approximated by three box filters of fractional width as Pillow does. The sign of
// `radius` does not matter.
void GaussianBlur(RgbImage& image, double radius);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_DATA_COLOR_OPERATIONS_H_
