// Where the pictures go that a command makes of images.
#ifndef LOCALMAMBA_CLIENT_CLI_OUTPUT_PATHS_H_
#define LOCALMAMBA_CLIENT_CLI_OUTPUT_PATHS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace localmamba::client {

// A path for each of `images`. `out` is the name of a PNG file if there is one image. Otherwise, or
// if it is there as a folder or ends with a slash, it is a folder, which is made if need be; the
// files in it are named after the images: cat.png for photos/cat.jpg, cat-2.png for the next "cat".
//
// Errors: INVALID_ARGUMENT if `out` is a file name for several images or has another extension than
// .png, if the folder cannot be made, or if an image would be written over.
absl::StatusOr<std::vector<std::string>> OutputPaths(const std::vector<std::string>& images,
                                                     const std::string& out);

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_CLI_OUTPUT_PATHS_H_
