// Whether a request's images, several of them, are what a version takes.
#ifndef LOCALMAMBA_SERVER_PIPELINE_CHECK_IMAGES_H_
#define LOCALMAMBA_SERVER_PIPELINE_CHECK_IMAGES_H_

#include "absl/status/status.h"
#include "server/batching/batch_request.h"
#include "server/pipeline/prepare_batch.h"
#include "server/pipeline/served_version.h"

namespace localmamba::server {

// Errors: INVALID_ARGUMENT, with a reject reason, naming what was found and what was wanted.
absl::Status CheckImages(const ImageBatch& images, const ServedVersion& version);

// What the network gets of images that pass the check.
ImageKind KindOf(const ImageBatch& images, const ServedVersion& version);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_PIPELINE_CHECK_IMAGES_H_
