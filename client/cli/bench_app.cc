#include "client/cli/bench_app.h"

#include <unistd.h>

#include <iostream>

#include "CLI/CLI.hpp"
#include "absl/time/time.h"
#include "client/cli/validators.h"

namespace localmamba::client {
namespace {

constexpr char kBenchHelp[] =
    "Puts load on a server and measures how it answers. An open loop (--rate, --trace-in) sends "
    "requests when they are due, as independent users do, and counts latency from then; a closed "
    "loop (--in-flight) waits for answers.";

CLI::Validator RateText() {
  return {[](const std::string& text) -> std::string {
            RateStep step;
            if (ParseRateStep(text, step)) return "";
            return "found \"" + text + "\", wanted requests per second such as 200, or 50:400";
          },
          "RATE"};
}

ArrivalKind ToArrivalKind(const std::string& name) {
  if (name == "constant") return ArrivalKind::kConstant;
  return name == "bursty" ? ArrivalKind::kBursty : ArrivalKind::kPoisson;
}

}  // namespace

BenchApp::BenchApp(CLI::App& app)
    : bench_(app.add_subcommand("bench", kBenchHelp)),
      plot_(app.add_subcommand("plot", "Draws reports of `bench`, to compare them")) {
  AddBench(*bench_);
  AddPlot(*plot_);
  options_.show_progress = isatty(STDERR_FILENO) != 0;
}

void BenchApp::AddBench(CLI::App& bench) {
  bench
      .add_option("images", options_.images,
                  "JPEG, PNG or WebP files, sent in turn; default: random raw pixels")
      ->type_name("IMAGE");
  bench.add_option("--model", options_.model, "Name of the model; needless if there is one");
  bench.add_option("--version", options_.version,
                   "Number of the version or a label; default: the newest");
  bench
      .add_option("--priority", options_.priority,
                  "Level among waiting requests, from 1, which comes first; default: the model's")
      ->check(CLI::Range(1, 100));
  bench.add_option("--synthetic", synthetic_, "Size of the random image")
      ->capture_default_str()
      ->check(RawSizeText());

  CLI::Option_group* load = bench.add_option_group("load", "One of these:");
  load->add_option("--rate", rates_,
                   "Requests per second, or FROM:TO for a ramp; several, separated by commas, are "
                   "measured one after the other")
      ->delimiter(',')
      ->check(RateText());
  load->add_option("--in-flight", options_.in_flight, "Requests kept under way; several as above")
      ->delimiter(',')
      ->check(CLI::Range(1, 100'000));
  load->add_option("--trace-in", options_.trace_in,
                   "File with the arrivals to repeat: a line for each, seconds since the start")
      ->type_name("FILE");
  load->require_option(1);

  bench.add_option("--arrivals", arrivals_, "How the requests of --rate follow each other")
      ->capture_default_str()
      ->check(CLI::IsMember({"poisson", "constant", "bursty"}));
  bench.add_option("--burst", options_.arrivals.burst, "Requests at once, of bursty arrivals")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000));
  bench.add_option("--seed", options_.arrivals.seed, "The same seed makes the same arrivals")
      ->capture_default_str();
  bench
      .add_option("--trace-out", options_.trace_out,
                  "File for the arrivals, as --trace-in reads them")
      ->type_name("FILE");
  bench.add_option("--warm-up", warm_up_, "Time before the measurement, of each phase")
      ->capture_default_str()
      ->check(DurationText(true));
  bench.add_option("--duration", window_, "Time of the measurement, of each phase")
      ->capture_default_str()
      ->check(DurationText());
  bench.add_option("--slo", slo_, "Latency that counts as good, such as 50ms")
      ->check(DurationText());
  bench
      .add_option("--connections", options_.connections,
                  "Connections; one carries some thousand requests per second")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  bench.add_option("--report", options_.report, "File for all results, as JSON")->type_name("FILE");
  bench.add_option("--plot", options_.plot, "File for a picture of the results")
      ->type_name("FILE.png");
}

void BenchApp::AddPlot(CLI::App& plot) {
  plot.add_option("picture", plot_options_.path, "File to write")
      ->required()
      ->type_name("FILE.png");
  plot.add_option("reports", plot_options_.reports, "Reports of `bench`")
      ->required()
      ->type_name("NAME=FILE.json");
}

BenchOptions BenchApp::ToOptions(const std::string& server) const {
  BenchOptions options = options_;
  options.server = server;
  ParseRawSize(synthetic_, options.synthetic);  // this and the rest are checked by the parser
  for (const std::string& rate : rates_) ParseRateStep(rate, options.rates.emplace_back());
  options.arrivals.kind = ToArrivalKind(arrivals_);
  absl::ParseDuration(warm_up_, &options.warm_up);
  absl::ParseDuration(window_, &options.window);
  if (!slo_.empty()) absl::ParseDuration(slo_, &options.slo.emplace());
  return options;
}

std::optional<ExitCode> BenchApp::Run(const std::string& server, const CommonOptions& common) {
  if (bench_->parsed()) return RunBench(ToOptions(server), common, std::cout, std::cerr);
  if (plot_->parsed()) return RunPlot(plot_options_, common, std::cout, std::cerr);
  return std::nullopt;
}

}  // namespace localmamba::client
