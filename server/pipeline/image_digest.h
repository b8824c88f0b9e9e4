// A short name for the bytes of an image.
#ifndef LOCALMAMBA_SERVER_PIPELINE_IMAGE_DIGEST_H_
#define LOCALMAMBA_SERVER_PIPELINE_IMAGE_DIGEST_H_

#include <array>
#include <cstdint>

#include "server/pipeline/prepare_image.h"

namespace localmamba::server {

// SHA-256: nobody can make another image that gets the answer of this one.
using ImageDigest = std::array<uint8_t, 32>;

// Of the bytes as they came, and of the size if they are raw pixels.
ImageDigest DigestOf(const ImageSource& image);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_PIPELINE_IMAGE_DIGEST_H_
