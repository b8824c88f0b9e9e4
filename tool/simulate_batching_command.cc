// localmamba_tool simulate-batching: what batching would make of a load, with these knobs.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "client/load/arrivals.h"
#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"
#include "server/batching/classic_policy.h"
#include "server/batching/simulation.h"
#include "server/batching/slo_policy.h"
#include "server/repository/json_layout.h"
#include "tool/command.h"

namespace localmamba::tool {
namespace {

using nlohmann::ordered_json;

absl::StatusOr<absl::Duration> ParseTime(const std::string& text, const char* flag) {
  absl::Duration time;
  if (absl::ParseDuration(text, &time) && time >= absl::ZeroDuration() &&
      time != absl::InfiniteDuration()) {
    return time;
  }
  return absl::InvalidArgumentError(
      absl::StrCat(flag, ": found \"", text, "\", wanted a duration such as 20ms"));
}

// {"1": 5.0, "8": 12}: milliseconds by batch size, as in /readyz and the log.
absl::StatusOr<std::vector<server::CostTable::Point>> ReadCosts(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  if (!(text << file.rdbuf())) return absl::NotFoundError(absl::StrCat(path, ": cannot be read"));
  const ordered_json json = ordered_json::parse(text.str(), nullptr, /*allow_exceptions=*/false);
  std::vector<server::CostTable::Point> costs;
  if (json.is_object()) {
    for (const auto& [size, milliseconds] : json.items()) {
      size_t images = 0;
      if (!absl::SimpleAtoi(size, &images) || images == 0 || !milliseconds.is_number() ||
          milliseconds.get<double>() <= 0) {
        return absl::InvalidArgumentError(absl::StrCat(path, ": found \"", size,
                                                       "\": ", milliseconds.dump(),
                                                       ", wanted a batch size and milliseconds"));
      }
      costs.push_back({images, absl::Milliseconds(milliseconds.get<double>())});
    }
  }
  if (!costs.empty()) return costs;
  return absl::InvalidArgumentError(
      absl::StrCat(path, R"(: wanted milliseconds by batch size, such as {"1": 5.0, "8": 12.0})"));
}

absl::Status BadArrivals(const std::string& text) {
  return absl::InvalidArgumentError(
      absl::StrCat("--arrivals: found \"", text,
                   "\", wanted poisson:RATE, constant:RATE, bursty:RATE[:BURST] or trace:FILE"));
}

class SimulateBatchingCommand final : public Command {
 public:
  explicit SimulateBatchingCommand(CLI::App& app) {
    app.add_option("--arrivals", arrivals_,
                   "poisson:RATE, constant:RATE, bursty:RATE[:BURST] (a second) or trace:FILE")
        ->required();
    app.add_option("--costs", costs_,
                   "JSON file: milliseconds by batch size, as \"batch_ms\" in /readyz")
        ->required();
    app.add_option("--seconds", seconds_, "How long arrivals are generated")
        ->check(CLI::Range(0.001, 1e6))
        ->capture_default_str();
    app.add_option("--latency-goal", latency_goal_,
                   "Batch for this goal, such as 20ms; without it, by the knobs below");
    app.add_option("--slo", slo_, "What counts as in time, if there is no --latency-goal");
    app.add_option("--max-batch-size", max_batch_size_, "Most images in a batch")
        ->check(CLI::Range(1, 4096))
        ->capture_default_str();
    app.add_option("--max-queue-delay", max_queue_delay_, "Longest wait for a batch to fill")
        ->capture_default_str();
    app.add_option("--preferred-batch-sizes", preferred_, "Sizes that are launched at once")
        ->delimiter(',');
    app.add_option("--queue-timeout", queue_timeout_, "Longest wait in the queue; 0s for any")
        ->capture_default_str();
    app.add_option("--max-queue-requests", max_queue_requests_, "Most requests that wait")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--instances", instances_, "Batches that run at once")
        ->check(CLI::Range(1, 16))
        ->capture_default_str();
    app.add_option("--noise", noise_, "Actual costs are up to this share more or less")
        ->check(CLI::Range(0.0, 0.99))
        ->capture_default_str();
    app.add_option("--seed", seed_, "Of arrivals and noise")->capture_default_str();
    app.add_flag("--json", json_, "Print JSON");
  }

  absl::Status Run() override {
    LM_ASSIGN_OR_RETURN(const std::vector<absl::Duration> arrivals, Arrivals());
    if (arrivals.empty()) {
      return absl::InvalidArgumentError("--arrivals: found none, wanted one or more");
    }
    server::SimulationOptions options{.noise = noise_, .seed = seed_, .engines = instances_};
    LM_ASSIGN_OR_RETURN(options.costs, ReadCosts(costs_));
    options.queue.max_requests = max_queue_requests_;
    LM_ASSIGN_OR_RETURN(const absl::Duration timeout, ParseTime(queue_timeout_, "--queue-timeout"));
    if (timeout > absl::ZeroDuration()) options.queue.timeout = timeout;
    options.due_at_goal = !latency_goal_.empty();
    const std::string& goal = latency_goal_.empty() ? slo_ : latency_goal_;
    if (!goal.empty()) {
      LM_ASSIGN_OR_RETURN(options.goal, ParseTime(goal, "--latency-goal or --slo"));
    }
    LM_ASSIGN_OR_RETURN(std::unique_ptr<const server::BatchPolicy> policy, Policy());
    Print(server::Simulate(std::move(policy), arrivals, options), options);
    return absl::OkStatus();
  }

 private:
  [[nodiscard]] absl::StatusOr<std::vector<absl::Duration>> Arrivals() const {
    const std::vector<std::string> parts = absl::StrSplit(arrivals_, ':');
    if (parts.size() >= 2 && parts[0] == "trace") {
      return client::ReadArrivalTrace(arrivals_.substr(parts[0].size() + 1));
    }
    client::ArrivalPattern pattern{.seed = seed_};
    double rate = 0;
    const bool has_burst = parts.size() == 3 && parts[0] == "bursty";
    if ((parts.size() != 2 && !has_burst) || !absl::SimpleAtod(parts[1], &rate) ||
        !(rate > 0 && rate < 1e7)) {
      return BadArrivals(arrivals_);
    }
    if (has_burst && (!absl::SimpleAtoi(parts[2], &pattern.burst) || pattern.burst < 1)) {
      return BadArrivals(arrivals_);
    }
    if (parts[0] == "constant") {
      pattern.kind = client::ArrivalKind::kConstant;
    } else if (parts[0] == "bursty") {
      pattern.kind = client::ArrivalKind::kBursty;
    } else if (parts[0] != "poisson") {
      return BadArrivals(arrivals_);
    }
    const auto generated = client::GenerateArrivals(
        pattern, {.from = rate, .to = rate, .steady = absl::Seconds(seconds_), .ramp = {}});
    std::vector<absl::Duration> times;
    while (const auto time = generated->Next()) times.push_back(*time);
    return times;
  }

  [[nodiscard]] absl::StatusOr<std::unique_ptr<const server::BatchPolicy>> Policy() const {
    if (!latency_goal_.empty()) {
      return std::unique_ptr<const server::BatchPolicy>(
          std::make_unique<server::SloPolicy>(max_batch_size_));
    }
    server::ClassicPolicy::Options options{.max_batch_size = max_batch_size_};
    LM_ASSIGN_OR_RETURN(options.max_queue_delay, ParseTime(max_queue_delay_, "--max-queue-delay"));
    size_t smallest = 1;
    for (const size_t size : preferred_) {
      if (size < smallest || size > max_batch_size_) {
        return absl::InvalidArgumentError(absl::StrCat("--preferred-batch-sizes: found ", size,
                                                       ", wanted ", smallest, " to ",
                                                       max_batch_size_, ", ascending"));
      }
      smallest = size + 1;
      options.preferred_batch_sizes.push_back(size);
    }
    return std::unique_ptr<const server::BatchPolicy>(
        std::make_unique<server::ClassicPolicy>(std::move(options)));
  }

  void Print(const server::SimulationResult& result,
             const server::SimulationOptions& options) const {
    ordered_json report = {{"offered", result.offered},
                           {"answered", result.latencies.size()},
                           {"in_time", result.in_time},
                           {"in_time_share", result.in_time_share()},
                           {"goodput_per_second", result.goodput()}};
    if (options.goal != absl::InfiniteDuration()) {
      report["capacity_per_second"] = server::CapacityWithin(
          options.goal, server::CostTable(options.costs), max_batch_size_, instances_);
    }
    for (const auto& [name, share] : {std::pair("p50_ms", 0.5), std::pair("p95_ms", 0.95),
                                      std::pair("p99_ms", 0.99), std::pair("max_ms", 1.0)}) {
      report[name] = absl::ToDoubleMilliseconds(result.LatencyAt(share));
    }
    report["mean_batch"] = result.MeanBatch();
    ordered_json batches = ordered_json::object();
    for (const auto& [size, count] : result.batches) batches[absl::StrCat(size)] = count;
    report["batches"] = batches;
    if (json_) {
      std::fputs(LayOutJson(report).c_str(), stdout);
      return;
    }
    for (const auto& [name, value] : report.items()) {
      const std::string text = value.is_number_float()
                                   ? absl::StrFormat("%.4g", value.template get<double>())
                                   : value.dump();
      std::printf("%-20s %s\n", name.c_str(), text.c_str());
    }
  }

  std::string arrivals_;
  std::string costs_;
  double seconds_ = 60;
  std::string latency_goal_;
  std::string slo_;
  size_t max_batch_size_ = 8;
  std::string max_queue_delay_ = "0s";
  std::vector<size_t> preferred_;
  std::string queue_timeout_ = "0s";
  size_t max_queue_requests_ = 256;
  size_t instances_ = 1;
  double noise_ = 0;
  uint64_t seed_ = 1;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeSimulateBatchingCommand(CLI::App& app) {
  return std::make_unique<SimulateBatchingCommand>(app);
}

}  // namespace localmamba::tool
