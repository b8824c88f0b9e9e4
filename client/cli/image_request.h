// The parts of a request that several commands fill in.
#ifndef LOCALMAMBA_CLIENT_CLI_IMAGE_REQUEST_H_
#define LOCALMAMBA_CLIENT_CLI_IMAGE_REQUEST_H_

#include <cstdint>
#include <optional>
#include <string>

#include "localmamba/v1/vision.pb.h"

namespace localmamba::client {

// Height and width of bare RGB pixels.
struct RawSize {
  int32_t height = 0;
  int32_t width = 0;
};

// `name` "" for the only model; `version` a number or label, "" for the newest.
v1::ModelReference ToModelReference(const std::string& name, const std::string& version);

// `bytes` are a JPEG, PNG or WebP file, or bare pixels if there is a size.
v1::Image ToImage(std::string bytes, const std::optional<RawSize>& raw);

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_CLI_IMAGE_REQUEST_H_
