// What one phase of a load found.
#ifndef LOCALMAMBA_CLIENT_LOAD_PHASE_RESULT_H_
#define LOCALMAMBA_CLIENT_LOAD_PHASE_RESULT_H_

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "client/load/latency_histogram.h"

namespace localmamba::client {

// Where the time of a request went.
struct StageHistograms {
  LatencyHistogram total;       // from when the request was due to its answer
  LatencyHistogram late;        // from when it was due to when it was sent
  LatencyHistogram network;     // sent to answered, without the server's time
  LatencyHistogram preprocess;  // this and the rest as in localmamba.v1.Timings
  LatencyHistogram queue;
  LatencyHistogram compute;
  LatencyHistogram postprocess;
};

// Name and member of each stage, in the order of a report.
struct StageName {
  const char* name;
  LatencyHistogram StageHistograms::*histogram;
};
inline constexpr std::array<StageName, 7> kStages = {{
    {"total", &StageHistograms::total},
    {"late", &StageHistograms::late},
    {"network", &StageHistograms::network},
    {"preprocess", &StageHistograms::preprocess},
    {"queue", &StageHistograms::queue},
    {"compute", &StageHistograms::compute},
    {"postprocess", &StageHistograms::postprocess},
}};

// Counts and durations are those of the requests that were due in the window.
struct PhaseResult {
  struct Error {
    int64_t count = 0;
    std::string example;  // message of the first
  };

  std::string load;       // "poisson 100/s", "8 in flight"
  absl::Duration window;  // that was measured, after the warm-up
  std::optional<absl::Duration> slo;
  int64_t requests = 0;
  int64_t answered = 0;                 // with success
  int64_t within_slo = 0;               // of those
  int64_t images_in_batches = 0;        // sum of the sizes of the batches of those answered
  std::map<std::string, Error> errors;  // by name of the code
  StageHistograms stages;               // of those answered

  [[nodiscard]] double PerSecond(int64_t count) const {
    return static_cast<double>(count) / absl::ToDoubleSeconds(window);
  }
  // Images in the batch of an average request; 0 without an answer.
  [[nodiscard]] double mean_batch() const {
    return answered == 0 ? 0
                         : static_cast<double>(images_in_batches) / static_cast<double>(answered);
  }
  // Of all requests; 0 without any.
  [[nodiscard]] double fraction_within_slo() const {
    return requests == 0 ? 0 : static_cast<double>(within_slo) / static_cast<double>(requests);
  }
};

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_LOAD_PHASE_RESULT_H_
