// The command `localmamba bench`: load on a server.
#ifndef LOCALMAMBA_CLIENT_CLI_BENCH_H_
#define LOCALMAMBA_CLIENT_CLI_BENCH_H_

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/cli/commands.h"
#include "client/cli/exit_code.h"
#include "client/cli/image_request.h"
#include "client/load/arrivals.h"

namespace localmamba::client {

// Requests a second of one phase; they change evenly over its window.
struct RateStep {
  double from = 0;
  double to = 0;
};

// "RATE" or "FROM:TO", both above 0. False if `text` is something else.
bool ParseRateStep(const std::string& text, RateStep& step);

struct BenchOptions {
  std::string server;
  int connections = 4;
  std::vector<std::string> images;  // paths, sent in turn; none: random pixels
  RawSize synthetic = {224, 224};   // of the random pixels
  std::string model;                // as in ClassifyOptions
  std::string version;
  int priority = 0;  // as in ClassifyRequest

  // One of these is given; each element is a phase, one after the other.
  std::vector<RateStep> rates;  // open loop
  std::vector<int> in_flight;   // closed loop
  std::string trace_in;         // open loop; one phase

  ArrivalPattern arrivals;  // of `rates`
  std::string trace_out;    // "": none; for one rate or trace_in
  absl::Duration warm_up = absl::Seconds(2);
  absl::Duration window = absl::Seconds(10);
  std::optional<absl::Duration> slo;
  std::string report;          // JSON file; "": none
  std::string plot;            // PNG file; "": none
  bool show_progress = false;  // a line on `err` that is written over
};

// Prints each phase when it has ended. Requests that fail are part of what is measured; the exit
// code tells whether it could be done at all: kServerTrouble if nothing was answered.
ExitCode RunBench(const BenchOptions& options, const CommonOptions& common, std::ostream& out,
                  std::ostream& err);

struct PlotOptions {
  std::string path;                  // PNG file
  std::vector<std::string> reports;  // "NAME=FILE" or "FILE", of RunBench
};

ExitCode RunPlot(const PlotOptions& options, const CommonOptions& common, std::ostream& out,
                 std::ostream& err);

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_CLI_BENCH_H_
