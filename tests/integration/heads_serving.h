// A server with a tiny detector, a tiny segmenter and a fake classifier.
#ifndef LOCALMAMBA_TESTS_INTEGRATION_HEADS_SERVING_H_
#define LOCALMAMBA_TESTS_INTEGRATION_HEADS_SERVING_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "localmamba/v1/vision.grpc.pb.h"
#include "model/weights/host_tensor.h"
#include "tests/support/fake_models.h"
#include "tests/support/images.h"
#include "tests/support/requests.h"
#include "tests/support/test_server.h"
#include "tests/support/tiny_models.h"

namespace localmamba::server {

inline v1::Image RawPicture(int height, int width) {
  const TestImage picture = MakeImage(height, width);
  v1::Image image;
  image.mutable_raw()->set_height(height);
  image.mutable_raw()->set_width(width);
  image.mutable_raw()->set_rgb(std::string(picture.pixels.begin(), picture.pixels.end()));
  return image;
}

// What the network of `version` gets of such a picture.
inline PreparedImage PreparedPicture(const ModelVersion& version, int height, int width) {
  const TestImage picture = MakeImage(height, width);
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  const auto memory = *CreateDeviceAllocator(Device::Cpu());
  PreparedImage prepared = *ResizeKeepRatio(
      *version.spec.keep_ratio, version.spec.preprocess.normalization,
      ConstTensorView(picture.pixels.data(), DType::kUInt8, {height, width, 3}), *memory, stream);
  const Tensor input = *AllocateHostTensor(DType::kFloat32, prepared.input.shape());
  EXPECT_TRUE(Copy(prepared.input, input, stream).ok());
  prepared.input = input;  // which needs no allocator any more
  return prepared;
}

// Time for the slowest machine.
inline void SetDeadline(grpc::ClientContext& context) {
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Minutes(2)));
}

class HeadsServingTest : public testing::Test {
 protected:
  explicit HeadsServingTest(const TestServer::Options& options = {})
      : server_({detector_, segmenter_, FakeVersion("classifier", 1, control_)}, options),
        stub_(v1::VisionService::NewStub(
            grpc::CreateChannel(server_.target(), grpc::InsecureChannelCredentials()))) {}

  [[nodiscard]] grpc::Status Ask(const v1::DetectRequest& request,
                                 v1::DetectResponse& response) const {
    grpc::ClientContext context;
    SetDeadline(context);
    return stub_->Detect(&context, request, &response);
  }
  [[nodiscard]] grpc::Status Ask(const v1::SegmentRequest& request,
                                 v1::SegmentResponse& response) const {
    grpc::ClientContext context;
    SetDeadline(context);
    return stub_->Segment(&context, request, &response);
  }

  const std::shared_ptr<FakeEngineControl> control_ = std::make_shared<FakeEngineControl>();
  const std::shared_ptr<ModelVersion> detector_ = TinyVersion("detector", TinyDetectorSpec());
  const std::shared_ptr<ModelVersion> segmenter_ = TinyVersion("segmenter", TinySegmenterSpec());
  TestServer server_;
  const std::unique_ptr<v1::VisionService::Stub> stub_;
};

// A base to be named before the fixture, as the cache is made before the server that uses it.
struct WithCache {
  TestServer::Options options() {
    TestServer::Options options;
    options.serving.response_cache = &cache;
    return options;
  }

  prometheus::Registry registry;
  CacheMetrics metrics{registry};
  ResponseCache cache{10 << 20, metrics};
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_TESTS_INTEGRATION_HEADS_SERVING_H_
