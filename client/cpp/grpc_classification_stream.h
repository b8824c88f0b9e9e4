// The ClassificationStream of a connection. Not part of the clients' interface.
#ifndef LOCALMAMBA_CLIENT_CPP_GRPC_CLASSIFICATION_STREAM_H_
#define LOCALMAMBA_CLIENT_CPP_GRPC_CLASSIFICATION_STREAM_H_

#include <memory>

#include "absl/time/time.h"
#include "client/cpp/classification_stream.h"
#include "localmamba/v1/vision.grpc.pb.h"

namespace localmamba::client {

// Begins the call.
std::unique_ptr<ClassificationStream> OpenClassificationStream(
    std::shared_ptr<v1::VisionService::Stub> stub, const v1::StreamOptions& options,
    absl::Time deadline);

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_CPP_GRPC_CLASSIFICATION_STREAM_H_
