// Answers of the server drawn on the pictures that they are about.
#ifndef LOCALMAMBA_CLIENT_CLI_DRAW_H_
#define LOCALMAMBA_CLIENT_CLI_DRAW_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "client/cli/image_request.h"
#include "localmamba/v1/vision.pb.h"

namespace localmamba::client {

// Writes the picture in the file `image`, drawn over, to `path` as a PNG. `raw` is the size of a
// file of bare pixels. Errors: INVALID_ARGUMENT if the file is not the picture that `response` is
// about, or `response` is damaged; UNAVAILABLE if `path` cannot be written.
absl::Status WriteOverlay(const std::string& image, const std::optional<RawSize>& raw,
                          const v1::DetectResponse& response, const std::string& path);
absl::Status WriteOverlay(const std::string& image, const std::optional<RawSize>& raw,
                          const v1::SegmentResponse& response, const std::string& path);

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_CLI_DRAW_H_
