// What serving costs beside gRPC: the rate of Classify from a whole server whose engine answers at
// once, over that from a server that only echoes, with messages of the same sizes.
//
//   echo_ratio [--in-flight 32] [--connections 2] [--rounds 10] [--side 16]
//
// Both servers are processes of their own, forked before gRPC starts; one client asks them in turn,
// a second each, and the median of the rounds' ratios counts: what else the machine does strikes
// both alike. The servers' process ids are printed for `perf record -p`.
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
#include <vector>

#include "CLI/CLI.hpp"
#include "client/cpp/vision_client.h"
#include "client/load/load_generator.h"
#include "tests/load/echo_server.h"
#include "tests/support/fake_models.h"
#include "tests/support/test_server.h"

namespace localmamba::server {
namespace {

using client::LoadGenerator;
using client::VisionClient;

constexpr absl::Duration kTimeout = absl::Seconds(30);
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

double Rate(const std::vector<VisionClient>& clients, const LoadGenerator::Request& request,
            int in_flight) {
  LoadGenerator generator(clients, {request}, {.warm_up = kWarmUp, .window = kWindow});
  const client::PhaseResult result = generator.RunClosedLoop(in_flight);
  for (const auto& [code, error] : result.errors) {
    std::fprintf(stderr, "echo_ratio: %s: %s\n", code.c_str(), error.example.c_str());
    std::exit(EXIT_FAILURE);
  }
  return result.PerSecond(result.answered);
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

int Main(int argc, char** argv) {
  int in_flight = 32;
  int connections = 2;
  int rounds = 10;
  int side = 16;
  CLI::App app("Rate of Classify, over that of a server that only echoes.", "echo_ratio");
  app.add_option("--in-flight", in_flight)->check(CLI::Range(1, 10'000));
  app.add_option("--connections", connections)->check(CLI::Range(1, 100));
  app.add_option("--rounds", rounds)->check(CLI::Range(1, 1000));
  app.add_option("--side", side, "Height and width of the picture")->check(CLI::Range(1, 1024));
  CLI11_PARSE(app, argc, argv);

  const ServerProcess echo = Fork([](const auto& tell) {
    const EchoServer server(EchoResponse());
    tell(server.target());
  });
  const ServerProcess whole = Fork([](const auto& tell) {
    const TestServer server({FakeVersion("fake", 1, std::make_shared<FakeEngineControl>())}, {});
    tell(server.target());
  });
  std::printf("echo: process %d, whole: process %d\n", echo.pid, whole.pid);

  auto request = std::make_shared<v1::ClassifyRequest>();
  v1::RawImage& raw = *request->mutable_image()->mutable_raw();
  raw.set_height(side);
  raw.set_width(side);
  raw.set_rgb(std::string(static_cast<size_t>(side) * static_cast<size_t>(side) * 3, '\x40'));
  std::vector<VisionClient> to_echo;
  std::vector<VisionClient> to_whole;
  for (int i = 0; i < connections; ++i) {
    to_echo.emplace_back(echo.target, client::ClientOptions{.own_connection = true});
    to_whole.emplace_back(whole.target, client::ClientOptions{.own_connection = true});
  }
  const auto echoed = to_echo[0].Classify(*request, kTimeout);
  const auto answered = to_whole[0].Classify(*request, kTimeout);
  LM_CHECK(echoed.ok() && answered.ok());
  std::printf("request %zu bytes, answers %zu and %zu bytes, %d in flight\n",
              request->ByteSizeLong(), echoed->ByteSizeLong(), answered->ByteSizeLong(), in_flight);

  std::vector<double> echo_rates;
  std::vector<double> whole_rates;
  std::vector<double> ratios;
  const double echo_start = CpuSeconds(echo.pid);
  const double whole_start = CpuSeconds(whole.pid);
  for (int i = 0; i < rounds; ++i) {
    echo_rates.push_back(Rate(to_echo, request, in_flight));
    whole_rates.push_back(Rate(to_whole, request, in_flight));
    ratios.push_back(whole_rates.back() / echo_rates.back());
  }
  const auto [least, most] = std::minmax_element(ratios.begin(), ratios.end());
  std::printf("medians of %d rounds: echo %.0f/s, whole %.0f/s, ratio %.3f (%.3f to %.3f)\n",
              rounds, Median(echo_rates), Median(whole_rates), Median(ratios), *least, *most);
  std::printf("processor time of the servers: echo %.1f us a request, whole %.1f us\n",
              1e6 * (CpuSeconds(echo.pid) - echo_start) / Requests(echo_rates),
              1e6 * (CpuSeconds(whole.pid) - whole_start) / Requests(whole_rates));
  return 0;
}

}  // namespace
}  // namespace localmamba::server

int main(int argc, char** argv) { return localmamba::server::Main(argc, argv); }
