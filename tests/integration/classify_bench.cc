// What Classify costs beside the network: a round trip over loopback to a server whose engine
// answers at once. One client thread for each benchmark thread.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>

#include "client/cpp/vision_client.h"
#include "tests/support/fake_models.h"
#include "tests/support/requests.h"
#include "tests/support/test_server.h"

namespace localmamba::server {
namespace {

TestServer& Server() {
  static const auto version = [] {
    auto result = FakeVersion("fake", 1, std::make_shared<FakeEngineControl>());
    result->spec.preprocess = PreprocessConfig();  // resize to 256, crop 224 x 224
    return result;
  }();
  static TestServer server({version}, {});
  return server;
}

void RoundTrips(benchmark::State& state, const v1::Image& image) {
  const client::VisionClient client(Server().target());
  v1::ClassifyRequest request;
  *request.mutable_image() = image;
  for ([[maybe_unused]] auto iteration : state) {
    const auto response = client.Classify(request, absl::Seconds(30));
    if (!response.ok()) return state.SkipWithError(response.status().ToString().c_str());
  }
  state.SetItemsProcessed(state.iterations());
}

void ClassifyJpeg(benchmark::State& state) {
  v1::Image image;
  image.set_encoded(SampleJpeg());
  RoundTrips(state, image);
}
BENCHMARK(ClassifyJpeg)->Threads(1)->Threads(4)->UseRealTime()->Unit(benchmark::kMillisecond);

void ClassifyRaw256(benchmark::State& state) {
  v1::Image image;
  image.mutable_raw()->set_height(256);
  image.mutable_raw()->set_width(256);
  image.mutable_raw()->set_rgb(std::string(size_t{256} * 256 * 3, '\x40'));
  RoundTrips(state, image);
}
BENCHMARK(ClassifyRaw256)->Threads(1)->Threads(4)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace localmamba::server
