// What serving costs beside gRPC: the rates of Classify and ModelInfer from a whole server whose
// engine answers at once, over those from a server that only echoes, with messages of the same sizes.
//
//   echo_ratio [--in-flight 32] [--connections 2] [--rounds 10] [--side 8]
//
// Both servers are processes of their own, forked before gRPC starts; one client asks them in turn,
// a second each, and the median of the rounds' ratios counts: what else the machine does strikes
// both alike. The servers' process ids are printed for `perf record -p`.
#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <numeric>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "tests/load/closed_loop.h"
#include "tests/load/echo_server.h"
#include "tests/support/fake_models.h"
#include "tests/support/test_server.h"

namespace localmamba::server {
namespace {

constexpr absl::Duration kWarmUp = absl::Milliseconds(100);
constexpr absl::Duration kWindow = absl::Seconds(1);

// A process that serves until this one ends.
struct ServerProcess {
  pid_t pid;
  std::string target;
};

// `serve` gives the target to `tell` and goes on as long as `tell` does.
ServerProcess Fork(const std::function<void(const std::function<void(std::string)>& tell)>& serve) {
  int ends[2];
  LM_CHECK(pipe(ends) == 0);
  const pid_t pid = fork();
  LM_CHECK(pid >= 0);
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    serve([&](const std::string& target) {
      LM_CHECK(write(ends[1], target.data(), target.size()) == static_cast<ssize_t>(target.size()));
      close(ends[1]);
      while (true) pause();
    });
  }
  close(ends[1]);
  std::string target;
  char byte = 0;
  while (read(ends[0], &byte, 1) == 1) target.push_back(byte);
  close(ends[0]);
  return {.pid = pid, .target = target};
}

// As large as what the server answers.
v1::ClassifyResponse EchoResponse() {
  v1::ClassifyResponse response;
  for (int i = 0; i < 5; ++i) {
    v1::ClassScore& score = *response.add_classes();
    score.set_id(i);
    score.set_name("class 1");
    score.set_score(0.1F);
  }
  response.mutable_model()->set_name("fake");
  response.mutable_model()->set_number(1);
  v1::Timings& timings = *response.mutable_timings();
  for (google::protobuf::Duration* duration :
       {timings.mutable_preprocess(), timings.mutable_queue(), timings.mutable_compute(),
        timings.mutable_postprocess(), timings.mutable_total()}) {
    duration->set_nanos(100'000);
  }
  timings.set_batch_size(1);
  return response;
}

// Of the whole life of a process.
double CpuSeconds(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text{std::istreambuf_iterator<char>(file), {}};
  // Fields 14 and 15, utime and stime; the second, in brackets, is the last that may have spaces.
  std::istringstream fields(text.substr(text.rfind(')') + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

// Those of the warm-ups too.
double Requests(const std::vector<double>& rates) {
  return std::accumulate(rates.begin(), rates.end(), 0.0) *
         absl::ToDoubleSeconds(kWarmUp + kWindow);
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Settings {
  size_t in_flight = 32;
  int connections = 2;
  int rounds = 10;
};

std::vector<std::shared_ptr<grpc::Channel>> Connect(const std::string& target, int connections) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection of its own
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  for (int i = 0; i < connections; ++i) {
    channels.push_back(
        grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments));
  }
  return channels;
}

// Asks both servers in turn and prints how they compare. `method` begins a call by a channel.
template <class Request, class Response>
void Compare(const char* name, const ServerProcess& echo, const ServerProcess& whole,
             const Request& request, const Settings& settings,
             const std::function<typename ClosedLoop<Request, Response>::Begin(
                 std::shared_ptr<grpc::Channel>)>& method) {
  const auto loop_to = [&](const ServerProcess& server) {
    std::vector<typename ClosedLoop<Request, Response>::Begin> connections;
    for (auto& channel : Connect(server.target, settings.connections)) {
      connections.push_back(method(std::move(channel)));
    }
    return std::make_unique<ClosedLoop<Request, Response>>(std::move(connections), request,
                                                           settings.in_flight);
  };
  const auto to_echo = loop_to(echo);
  const auto to_whole = loop_to(whole);
  const auto rate_of = [](ClosedLoop<Request, Response>& loop) {
    grpc::Status error;
    const double rate = loop.Run(kWarmUp, kWindow, error);
    if (error.ok()) return rate;
    std::fprintf(stderr, "echo_ratio: %s\n", error.error_message().c_str());
    std::exit(EXIT_FAILURE);
  };
  std::vector<double> echo_rates;
  std::vector<double> whole_rates;
  std::vector<double> ratios;
  const double echo_start = CpuSeconds(echo.pid);
  const double whole_start = CpuSeconds(whole.pid);
  for (int i = 0; i < settings.rounds; ++i) {
    echo_rates.push_back(rate_of(*to_echo));
    whole_rates.push_back(rate_of(*to_whole));
    ratios.push_back(whole_rates.back() / echo_rates.back());
  }
  const auto [least, most] = std::minmax_element(ratios.begin(), ratios.end());
  std::printf("%s, medians of %d rounds: echo %.0f/s, whole %.0f/s, ratio %.3f (%.3f to %.3f)\n",
              name, settings.rounds, Median(echo_rates), Median(whole_rates), Median(ratios),
              *least, *most);
  std::printf("  processor time of the servers: echo %.1f us a request, whole %.1f us\n",
              1e6 * (CpuSeconds(echo.pid) - echo_start) / Requests(echo_rates),
              1e6 * (CpuSeconds(whole.pid) - whole_start) / Requests(whole_rates));
}

v1::ClassifyRequest RequestOf(int side) {
  v1::ClassifyRequest request;
  v1::RawImage& raw = *request.mutable_image()->mutable_raw();
  raw.set_height(side);
  raw.set_width(side);
  raw.set_rgb(std::string(static_cast<size_t>(side) * static_cast<size_t>(side) * 3, '\x40'));
  return request;
}

// Of one image as the fake network takes it, for its logits.
inference::ModelInferRequest InferRequestOf() {
  inference::ModelInferRequest request;
  request.set_model_name("fake");
  auto& input = *request.add_inputs();
  input.set_name("pixels");
  input.set_datatype("UINT8");
  for (const int size : {1, 8, 8, 3}) input.add_shape(size);
  request.add_raw_input_contents(std::string(size_t{8} * 8 * 3, '\x40'));
  request.add_outputs()->set_name("logits");
  return request;
}

inference::ModelInferResponse EchoInferResponse() {
  inference::ModelInferResponse response;
  response.set_model_name("fake");
  response.set_model_version("1");
  auto& output = *response.add_outputs();
  output.set_name("logits");
  output.set_datatype("FP32");
  for (const int size : {1, 10}) output.add_shape(size);
  response.add_raw_output_contents(std::string(10 * sizeof(float), '\x40'));
  return response;
}

int Main(int argc, char** argv) {
  Settings settings;
  int side = 8;
  CLI::App app("Rates of Classify and ModelInfer, over those of a server that only echoes.",
               "echo_ratio");
  app.add_option("--in-flight", settings.in_flight)->check(CLI::Range(1, 10'000));
  app.add_option("--connections", settings.connections)->check(CLI::Range(1, 100));
  app.add_option("--rounds", settings.rounds)->check(CLI::Range(1, 1000));
  app.add_option("--side", side, "Height and width of Classify's picture; the network takes 8")
      ->check(CLI::Range(1, 1024));
  CLI11_PARSE(app, argc, argv);

  const ServerProcess echo = Fork([](const auto& tell) {
    const EchoServer server(EchoResponse(), EchoInferResponse());
    tell(server.target());
  });
  const ServerProcess whole = Fork([](const auto& tell) {
    const TestServer server({FakeVersion("fake", 1, std::make_shared<FakeEngineControl>())}, {});
    tell(server.target());
  });
  std::printf("echo: process %d, whole: process %d\n", echo.pid, whole.pid);
  std::fflush(stdout);
  Compare<v1::ClassifyRequest, v1::ClassifyResponse>(
      "Classify", echo, whole, RequestOf(side), settings,
      [](std::shared_ptr<grpc::Channel> channel) {
        std::shared_ptr<v1::VisionService::Stub> stub = v1::VisionService::NewStub(channel);
        return [stub](auto* context, const auto* request, auto* response, auto done) {
          stub->async()->Classify(context, request, response, std::move(done));
        };
      });
  Compare<inference::ModelInferRequest, inference::ModelInferResponse>(
      "ModelInfer", echo, whole, InferRequestOf(), settings,
      [](std::shared_ptr<grpc::Channel> channel) {
        std::shared_ptr<inference::GRPCInferenceService::Stub> stub =
            inference::GRPCInferenceService::NewStub(channel);
        return [stub](auto* context, const auto* request, auto* response, auto done) {
          stub->async()->ModelInfer(context, request, response, std::move(done));
        };
      });
  return 0;
}

}  // namespace
}  // namespace localmamba::server

int main(int argc, char** argv) { return localmamba::server::Main(argc, argv); }
