// Load on a server: keeps a number of Classify requests in flight and reports rate and latency.
//
//   classify_load TARGET IMAGE IN_FLIGHT SECONDS [CHANNELS]
//
// One connection carries at most some thousand requests a second, hence several CHANNELS (default 4).
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "kernels/base/mutex.h"
#include "localmamba/v1/vision.grpc.pb.h"

namespace localmamba {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kWarmUp{2};

class Load {
 public:
  Load(const std::string& target, const std::string& jpeg, int channels) {
    request_.mutable_image()->set_encoded(jpeg);
    for (int i = 0; i < channels; ++i) {
      grpc::ChannelArguments arguments;
      arguments.SetInt("grpc.use_local_subchannel_pool", 1);  // a connection of its own
      stubs_.push_back(v1::VisionService::NewStub(
          grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments)));
    }
  }

  // Returns when every request has been answered. False if one failed.
  bool Run(int in_flight, std::chrono::seconds time) {
    measure_from_ = Clock::now() + kWarmUp;
    end_ = measure_from_ + time;
    {
      MutexLock lock(mu_);
      running_ = in_flight;
    }
    for (int i = 0; i < in_flight; ++i) Send(i);
    MutexLock lock(mu_);
    mu_.Await([this] { return running_ == 0; });
    return error_.empty();
  }

  void Report(int in_flight, std::chrono::seconds time) {
    MutexLock lock(mu_);
    if (!error_.empty()) std::fprintf(stderr, "classify_load: %s\n", error_.c_str());
    if (milliseconds_.empty()) return;
    std::sort(milliseconds_.begin(), milliseconds_.end());
    const auto quantile = [this](double fraction) {
      return milliseconds_[static_cast<size_t>(fraction *
                                               static_cast<double>(milliseconds_.size() - 1))];
    };
    std::printf(
        "in flight %4d: %8.1f images/s, median %7.2f ms, p99 %7.2f ms, batch %5.1f\n", in_flight,
        static_cast<double>(milliseconds_.size()) / static_cast<double>(time.count()),
        quantile(0.5), quantile(0.99), batches_ / static_cast<double>(milliseconds_.size()));
  }

 private:
  struct Call {
    grpc::ClientContext context;
    v1::ClassifyResponse response;
    Clock::time_point sent = Clock::now();
  };

  // Sends request after request on one of the channels.
  void Send(int lane) {
    auto call = std::make_shared<Call>();
    v1::VisionService::Stub& stub = *stubs_[static_cast<size_t>(lane) % stubs_.size()];
    stub.async()->Classify(&call->context, &request_, &call->response,
                           [this, call, lane](const grpc::Status& status) {
                             if (Finish(*call, status)) Send(lane);
                           });
  }

  // Whether to go on.
  bool Finish(const Call& call, const grpc::Status& status) {
    const Clock::time_point now = Clock::now();
    MutexLock lock(mu_);
    if (!status.ok() && error_.empty()) {
      error_ = absl::StrCat("code ", static_cast<int>(status.error_code()), ": ",
                            status.error_message());
    }
    if (status.ok() && measure_from_ <= now && now < end_) {
      milliseconds_.push_back(std::chrono::duration<double, std::milli>(now - call.sent).count());
      batches_ += call.response.timings().batch_size();
    }
    if (now < end_ && error_.empty()) return true;
    --running_;
    return false;
  }

  v1::ClassifyRequest request_;
  std::vector<std::unique_ptr<v1::VisionService::Stub>> stubs_;
  Clock::time_point measure_from_;
  Clock::time_point end_;

  Mutex mu_;
  int running_ ABSL_GUARDED_BY(mu_) = 0;
  double batches_ ABSL_GUARDED_BY(mu_) = 0;
  std::vector<double> milliseconds_ ABSL_GUARDED_BY(mu_);
  std::string error_ ABSL_GUARDED_BY(mu_);
};

int Main(int argc, char** argv) {
  int in_flight = 0;
  int seconds = 0;
  int channels = 4;
  const bool good = (argc == 5 || argc == 6) && absl::SimpleAtoi(argv[3], &in_flight) &&
                    absl::SimpleAtoi(argv[4], &seconds) &&
                    (argc == 5 || absl::SimpleAtoi(argv[5], &channels)) && in_flight >= 1 &&
                    seconds >= 1 && channels >= 1;
  if (!good) {
    std::fprintf(stderr, "usage: classify_load TARGET IMAGE IN_FLIGHT SECONDS [CHANNELS]\n");
    return 2;
  }
  std::ifstream file(argv[2], std::ios::binary);
  const std::string jpeg{std::istreambuf_iterator<char>(file), {}};
  Load load(argv[1], jpeg, channels);
  const bool done = load.Run(in_flight, std::chrono::seconds(seconds));
  load.Report(in_flight, std::chrono::seconds(seconds));
  return done ? 0 : 1;
}

}  // namespace
}  // namespace localmamba

int main(int argc, char** argv) { return localmamba::Main(argc, argv); }
