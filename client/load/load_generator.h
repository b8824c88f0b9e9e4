// Asks a server as often as wanted and measures how it answers.
#ifndef LOCALMAMBA_CLIENT_LOAD_LOAD_GENERATOR_H_
#define LOCALMAMBA_CLIENT_LOAD_LOAD_GENERATOR_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/cpp/vision_client.h"
#include "client/load/arrivals.h"
#include "client/load/phase_result.h"

namespace localmamba::client {

// What the caller sees while a phase goes on.
struct LoadProgress {
  absl::Duration elapsed;  // since the phase began, with its warm-up
  int64_t answered = 0;
  int64_t failed = 0;
  int64_t in_flight = 0;
};

struct LoadOptions {
  absl::Duration warm_up = absl::Seconds(2);   // requests due before this are not measured
  absl::Duration window = absl::Seconds(10);   // those due in this time after it are
  absl::Duration timeout = absl::Seconds(30);  // of a request, from when it was due
  std::optional<absl::Duration> slo;
  // Requests of an open loop that are due while this many wait for their answers are not sent: they
  // count as errors named NOT_SENT. Keeps the memory of this program in bounds.
  int64_t max_in_flight = 20'000;
  std::function<void(const LoadProgress&)> on_progress;  // about once a second; may be empty
};

// One phase at a time.
class LoadGenerator {
 public:
  using Request = std::shared_ptr<const v1::ClassifyRequest>;

  // One or more of each; both are used in turn.
  LoadGenerator(std::vector<VisionClient> clients, std::vector<Request> requests,
                LoadOptions options);

  // Sends each request when it is due, whether or not those before have been answered. Latency
  // counts from when a request was due: if this program or the server stalls, every request that
  // should have been sent meanwhile tells (no coordinated omission). Returns when all have been
  // answered. `arrivals` may end before the window does.
  PhaseResult RunOpenLoop(Arrivals& arrivals, std::string load);

  // Keeps `in_flight` requests under way, as so many callers would that wait for each answer.
  PhaseResult RunClosedLoop(int in_flight);

 private:
  using Clock = std::chrono::steady_clock;
  class Phase;

  // Sends one request, which has been counted as begun. `ended` is called when its answer has been
  // recorded, and is the last to use `phase`.
  void Send(Phase& phase, Clock::time_point due, std::function<void()> ended);
  // Keeps sending, one after the other, until the window is over.
  void SendInTurn(Phase& phase);

  const std::vector<VisionClient> clients_;
  const std::vector<Request> requests_;
  const LoadOptions options_;
  std::atomic<size_t> turn_ = 0;
};

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_LOAD_LOAD_GENERATOR_H_
