#include "client/load/load_generator.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"

namespace localmamba::client {
namespace {

constexpr std::chrono::seconds kProgressInterval{1};
constexpr char kNotSent[] = "NOT_SENT";

absl::Duration ToDuration(const google::protobuf::Duration& proto) {
  return absl::Seconds(proto.seconds()) + absl::Nanoseconds(proto.nanos());
}

}  // namespace

// What is known of the phase that goes on. Safe to use from several threads.
class LoadGenerator::Phase {
 public:
  explicit Phase(const LoadOptions& options)
      : options_(options),
        start_(Clock::now()),
        measured_from_(start_ + absl::ToChronoNanoseconds(options.warm_up)),
        end_(measured_from_ + absl::ToChronoNanoseconds(options.window)),
        next_progress_(start_ + kProgressInterval) {
    result_.window = options.window;
    result_.slo = options.slo;
  }

  [[nodiscard]] Clock::time_point start() const { return start_; }
  [[nodiscard]] Clock::time_point end() const { return end_; }

  // Counts a request as under way, unless there are too many.
  bool TryBegin(int64_t max_in_flight) {
    const std::lock_guard lock(mu_);
    if (progress_.in_flight >= max_in_flight) return false;
    ++progress_.in_flight;
    return true;
  }

  void NotSent(Clock::time_point due) {
    const std::lock_guard lock(mu_);
    ++progress_.failed;
    if (due < measured_from_) return;
    ++result_.requests;
    CountError(kNotSent, absl::StrCat(options_.max_in_flight, " requests wait for their answers"));
  }

  void Ended(Clock::time_point due, Clock::time_point sent,
             const absl::StatusOr<v1::ClassifyResponse>& response) {
    const Clock::time_point now = Clock::now();
    const std::lock_guard lock(mu_);
    ++(response.ok() ? progress_.answered : progress_.failed);
    if (due < measured_from_) return;
    ++result_.requests;
    if (response.ok()) {
      CountAnswer(absl::FromChrono(sent - due), absl::FromChrono(now - sent), response->timings());
    } else {
      CountError(absl::StatusCodeToString(response.status().code()),
                 std::string(response.status().message()));
    }
  }

  // The request of a TryBegin is over; nothing of it uses this object any more.
  void Leave() {
    const std::lock_guard lock(mu_);
    if (--progress_.in_flight == 0) idle_.notify_all();
  }

  // Tells the progress meanwhile.
  void SleepUntil(Clock::time_point time) {
    while (Clock::now() < time) {
      std::this_thread::sleep_until(std::min(time, next_progress_));
      TellProgress();
    }
  }

  // The result, once every request has been answered.
  PhaseResult Finish(std::string load) {
    std::unique_lock lock(mu_);
    while (progress_.in_flight > 0) {
      idle_.wait_until(lock, next_progress_);
      lock.unlock();
      TellProgress();
      lock.lock();
    }
    result_.load = std::move(load);
    return std::move(result_);
  }

 private:
  // With mu_ held.
  void CountAnswer(absl::Duration late, absl::Duration round_trip, const v1::Timings& timings) {
    ++result_.answered;
    result_.images_in_batches += timings.batch_size();
    if (!options_.slo.has_value() || late + round_trip <= *options_.slo) ++result_.within_slo;
    result_.stages.total.Record(late + round_trip);
    result_.stages.late.Record(late);
    result_.stages.network.Record(round_trip - ToDuration(timings.total()));
    result_.stages.preprocess.Record(ToDuration(timings.preprocess()));
    result_.stages.queue.Record(ToDuration(timings.queue()));
    result_.stages.compute.Record(ToDuration(timings.compute()));
    result_.stages.postprocess.Record(ToDuration(timings.postprocess()));
  }

  void CountError(const std::string& code, std::string message) {
    PhaseResult::Error& error = result_.errors[code];
    if (error.count++ == 0) error.example = std::move(message);
  }

  void TellProgress() {
    const Clock::time_point now = Clock::now();
    if (now < next_progress_) return;
    next_progress_ = now + kProgressInterval;
    if (options_.on_progress == nullptr) return;
    LoadProgress progress;
    {
      const std::lock_guard lock(mu_);
      progress = progress_;
    }
    progress.elapsed = absl::FromChrono(now - start_);
    options_.on_progress(progress);
  }

  const LoadOptions& options_;
  const Clock::time_point start_;
  const Clock::time_point measured_from_;
  const Clock::time_point end_;
  Clock::time_point next_progress_;  // used by the thread that runs the phase alone

  std::mutex mu_;  // guards the rest
  std::condition_variable idle_;
  LoadProgress progress_;
  PhaseResult result_;
};

LoadGenerator::LoadGenerator(std::vector<VisionClient> clients, std::vector<Request> requests,
                             LoadOptions options)
    : clients_(std::move(clients)), requests_(std::move(requests)), options_(std::move(options)) {}

PhaseResult LoadGenerator::RunOpenLoop(Arrivals& arrivals, std::string load) {
  Phase phase(options_);
  while (const std::optional<absl::Duration> offset = arrivals.Next()) {
    const Clock::time_point due = phase.start() + absl::ToChronoNanoseconds(*offset);
    if (due >= phase.end()) break;
    phase.SleepUntil(due);
    if (phase.TryBegin(options_.max_in_flight)) {
      Send(phase, due, [&phase] { phase.Leave(); });
    } else {
      phase.NotSent(due);
    }
  }
  return phase.Finish(std::move(load));
}

PhaseResult LoadGenerator::RunClosedLoop(int in_flight) {
  Phase phase(options_);
  for (int i = 0; i < in_flight; ++i) {
    phase.TryBegin(in_flight);
    SendInTurn(phase);
  }
  return phase.Finish(absl::StrCat(in_flight, " in flight"));
}

void LoadGenerator::SendInTurn(Phase& phase) {
  Send(phase, Clock::now(), [this, &phase] {
    if (Clock::now() < phase.end()) {
      SendInTurn(phase);
    } else {
      phase.Leave();
    }
  });
}

void LoadGenerator::Send(Phase& phase, Clock::time_point due, std::function<void()> ended) {
  const size_t turn = turn_.fetch_add(1, std::memory_order_relaxed);
  const Clock::time_point sent = Clock::now();
  clients_[turn % clients_.size()].ClassifyAsync(
      requests_[turn % requests_.size()], options_.timeout - absl::FromChrono(sent - due),
      [&phase, due, sent,
       ended = std::move(ended)](const absl::StatusOr<v1::ClassifyResponse>& response) {
        phase.Ended(due, sent, response);
        ended();
      });
}

}  // namespace localmamba::client
