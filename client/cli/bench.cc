#include "client/cli/bench.h"

#include <cstddef>
#include <fstream>
#include <memory>
#include <random>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "client/cli/bench_text.h"
#include "client/cli/read_file.h"
#include "client/cli/report.h"
#include "client/load/load_generator.h"
#include "client/load/load_plot.h"
#include "client/load/phase_json.h"

namespace localmamba::client {
namespace {

using nlohmann::ordered_json;

std::string RandomPixels(const RawSize& size) {
  std::mt19937_64 random(1);
  std::string rgb(static_cast<size_t>(size.height) * static_cast<size_t>(size.width) * 3, '\0');
  for (char& value : rgb) value = static_cast<char>(random());
  return rgb;
}

LoadGenerator::Request ToRequest(const BenchOptions& options, v1::Image image) {
  auto request = std::make_shared<v1::ClassifyRequest>();
  *request->mutable_model() = ToModelReference(options.model, options.version);
  *request->mutable_image() = std::move(image);
  request->set_priority(options.priority);
  return request;
}

// Errors: NOT_FOUND for an image that cannot be read.
absl::StatusOr<std::vector<LoadGenerator::Request>> Requests(const BenchOptions& options) {
  std::vector<LoadGenerator::Request> requests;
  for (const std::string& path : options.images) {
    std::optional<std::string> bytes = ReadFile(path);
    if (!bytes.has_value()) return absl::NotFoundError(absl::StrCat(path, " ", kUnreadable));
    requests.push_back(ToRequest(options, ToImage(*std::move(bytes), std::nullopt)));
  }
  if (requests.empty()) {
    requests.push_back(
        ToRequest(options, ToImage(RandomPixels(options.synthetic), options.synthetic)));
  }
  return requests;
}

// One phase that is to be run: an open loop if it has arrivals.
struct Phase {
  std::string load;
  std::unique_ptr<Arrivals> arrivals;
  int in_flight = 0;
  absl::Duration window;
};

std::string Describe(const ArrivalPattern& pattern, const RateStep& step) {
  const std::string rate = step.from == step.to
                               ? absl::StrFormat("%g/s", step.from)
                               : absl::StrFormat("%g/s to %g/s", step.from, step.to);
  switch (pattern.kind) {
    case ArrivalKind::kPoisson:
      return absl::StrCat("poisson ", rate);
    case ArrivalKind::kConstant:
      return absl::StrCat("constant ", rate);
    case ArrivalKind::kBursty:
      return absl::StrCat("bursts of ", pattern.burst, ", ", rate);
  }
  return rate;
}

absl::StatusOr<std::vector<Phase>> Phases(const BenchOptions& options) {
  std::vector<Phase> phases;
  for (const RateStep& step : options.rates) {
    const RateProfile profile = {
        .from = step.from, .to = step.to, .steady = options.warm_up, .ramp = options.window};
    phases.push_back({.load = Describe(options.arrivals, step),
                      .arrivals = GenerateArrivals(options.arrivals, profile),
                      .window = options.window});
  }
  for (const int in_flight : options.in_flight) {
    phases.push_back({.in_flight = in_flight, .window = options.window});
  }
  if (!options.trace_in.empty()) {
    absl::StatusOr<std::vector<absl::Duration>> times = ReadArrivalTrace(options.trace_in);
    if (!times.ok()) return times.status();
    if (times->empty() || times->back() < options.warm_up) {
      return absl::InvalidArgumentError(
          absl::StrCat(options.trace_in, ": found no arrival after the warm-up of ",
                       absl::FormatDuration(options.warm_up), ", wanted some to be measured"));
    }
    // The end of the window is not part of it.
    const absl::Duration window = times->back() - options.warm_up + absl::Microseconds(1);
    phases.push_back({.load = options.trace_in,
                      .arrivals = ReplayArrivals(*std::move(times)),
                      .window = window});
  }
  return phases;
}

// Writes the times of a trace; `phases` are as of Phases, and left behind used up.
absl::Status WriteTrace(std::vector<Phase> phases, const std::string& path) {
  if (phases.size() != 1 || phases[0].arrivals == nullptr) {
    return absl::InvalidArgumentError("--trace-out: wanted an open loop of one phase");
  }
  std::ofstream file(path);
  file << "# " << phases[0].load << "\n";
  while (const std::optional<absl::Duration> time = phases[0].arrivals->Next()) {
    file << absl::StrFormat("%.9f\n", absl::ToDoubleSeconds(*time));
  }
  if (!file.flush()) return absl::UnavailableError(absl::StrCat(path, " cannot be written"));
  return absl::OkStatus();
}

absl::Status WriteReport(const BenchOptions& options, const std::vector<ordered_json>& phases) {
  const ordered_json report = {
      {"server", options.server},
      {"date", absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::Now(), absl::UTCTimeZone())},
      {"phases", phases}};
  std::ofstream file(options.report);
  file << report.dump(1, ' ', false, ordered_json::error_handler_t::replace) << '\n';
  if (!file.flush()) {
    return absl::UnavailableError(absl::StrCat(options.report, " cannot be written"));
  }
  return absl::OkStatus();
}

absl::Status WritePlot(const std::vector<LoadReport>& reports, const std::string& path) {
  const absl::StatusOr<std::vector<Panel>> panels = PlotLoad(reports);
  if (!panels.ok()) return panels.status();
  return WriteFigure(*panels, path);
}

absl::StatusOr<LoadReport> ReadReport(const std::string& argument) {
  std::pair<std::string, std::string> parts = absl::StrSplit(argument, absl::MaxSplits('=', 1));
  const auto& [name, path] = parts.second.empty() ? std::pair(argument, argument) : parts;
  const std::optional<std::string> text = ReadFile(path);
  if (!text.has_value()) return absl::NotFoundError(absl::StrCat(path, " ", kUnreadable));
  const ordered_json json = ordered_json::parse(*text, nullptr, false);
  if (!json.is_object() || !json.contains("phases") || !json["phases"].is_array()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": found no \"phases\", wanted a report of `localmamba bench`"));
  }
  return LoadReport{.name = name, .phases = json["phases"]};
}

void ShowProgress(const std::string& load, const LoadProgress& progress, std::ostream& err) {
  err << absl::StrFormat("\r%s: %3.0f s, %d answered, %d failed, %d in flight   ", load,
                         absl::ToDoubleSeconds(progress.elapsed), progress.answered,
                         progress.failed, progress.in_flight)
      << std::flush;
}

PhaseResult RunPhase(Phase phase, const BenchOptions& options, const CommonOptions& common,
                     const std::vector<VisionClient>& clients,
                     const std::vector<LoadGenerator::Request>& requests, std::ostream& err) {
  LoadOptions load = {.warm_up = options.warm_up,
                      .window = phase.window,
                      .timeout = common.timeout,
                      .slo = options.slo};
  if (options.show_progress) {
    load.on_progress = [&](const LoadProgress& progress) {
      ShowProgress(phase.load, progress, err);
    };
  }
  LoadGenerator generator(clients, requests, std::move(load));
  PhaseResult result = phase.arrivals != nullptr
                           ? generator.RunOpenLoop(*phase.arrivals, phase.load)
                           : generator.RunClosedLoop(phase.in_flight);
  if (options.show_progress) err << "\r\x1b[K" << std::flush;
  return result;
}

}  // namespace

bool ParseRateStep(const std::string& text, RateStep& step) {
  const std::vector<std::string> ends = absl::StrSplit(text, ':');
  return ends.size() <= 2 && absl::SimpleAtod(ends.front(), &step.from) &&
         absl::SimpleAtod(ends.back(), &step.to) && 0 < step.from && step.from < 1e7 &&
         0 < step.to && step.to < 1e7;
}

ExitCode RunBench(const BenchOptions& options, const CommonOptions& common, std::ostream& out,
                  std::ostream& err) {
  const auto local_failure = [&](const absl::Status& status) {
    return ReportLocalFailure({"bench", ""}, std::string(status.message()), common.json, out, err);
  };
  const absl::StatusOr<std::vector<LoadGenerator::Request>> requests = Requests(options);
  if (!requests.ok()) return local_failure(requests.status());
  absl::StatusOr<std::vector<Phase>> phases = Phases(options);
  if (!phases.ok()) return local_failure(phases.status());
  if (!options.trace_out.empty()) {
    const absl::Status written = WriteTrace(*std::move(phases), options.trace_out);
    if (!written.ok()) return local_failure(written);
    phases = Phases(options);
  }

  std::vector<VisionClient> clients;
  for (int i = 0; i < options.connections; ++i) {
    clients.emplace_back(options.server, ClientOptions{.own_connection = true});
    // Connects, and tells of a wrong model or image before the load begins.
    const auto probe = clients.back().Classify(*requests->front(), common.timeout);
    if (!probe.ok()) {
      return ReportFailure({"server", options.server}, probe.status(), common.json, out, err);
    }
  }

  std::vector<PhaseResult> results;
  std::vector<ordered_json> json;
  int64_t answered = 0;
  for (Phase& phase : *phases) {
    results.push_back(RunPhase(std::move(phase), options, common, clients, *requests, err));
    answered += results.back().answered;
    json.push_back(ToJson(results.back()));
    if (common.json) {
      out << json.back().dump(-1, ' ', false, ordered_json::error_handler_t::replace) << std::endl;
    } else {
      PrintPhase(results.back(), out << (results.size() > 1 ? "\n" : ""));
    }
  }
  if (!common.json && results.size() > 1) PrintPhases(results, out << "\n");
  if (!options.report.empty()) {
    if (const absl::Status status = WriteReport(options, json); !status.ok()) {
      return local_failure(status);
    }
  }
  if (!options.plot.empty()) {
    if (const absl::Status status = WritePlot({{.name = "", .phases = json}}, options.plot);
        !status.ok()) {
      return local_failure(status);
    }
  }
  return answered > 0 ? ExitCode::kSuccess : ExitCode::kServerTrouble;
}

ExitCode RunPlot(const PlotOptions& options, const CommonOptions& common, std::ostream& out,
                 std::ostream& err) {
  std::vector<LoadReport> reports;
  absl::Status status;
  for (const std::string& argument : options.reports) {
    absl::StatusOr<LoadReport> report = ReadReport(argument);
    status.Update(report.status());
    if (report.ok()) reports.push_back(*std::move(report));
  }
  if (status.ok()) status = WritePlot(reports, options.path);
  if (status.ok()) return ExitCode::kSuccess;
  return ReportLocalFailure({"plot", options.path}, std::string(status.message()), common.json, out,
                            err);
}

}  // namespace localmamba::client
