// Pictures of what loads found.
#ifndef LOCALMAMBA_CLIENT_LOAD_LOAD_PLOT_H_
#define LOCALMAMBA_CLIENT_LOAD_LOAD_PLOT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/load/figure.h"
#include "nlohmann/json.hpp"

namespace localmamba::client {

// One run of `localmamba bench`: its phases as phase_json.h writes them.
struct LoadReport {
  std::string name;  // told in the legend if there are several reports
  std::vector<nlohmann::ordered_json> phases;
};

// For one report, latency by percentile, a curve for each phase. For reports of several phases,
// latency and the requests answered (within the SLO, if there was one) against the offered load, in
// the colour of the report.
//
// Errors: INVALID_ARGUMENT if a phase lacks what ToJson writes or nothing was answered.
absl::StatusOr<std::vector<Panel>> PlotLoad(const std::vector<LoadReport>& reports);

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_LOAD_LOAD_PLOT_H_
