// Results of a load for people.
#ifndef LOCALMAMBA_CLIENT_CLI_BENCH_TEXT_H_
#define LOCALMAMBA_CLIENT_CLI_BENCH_TEXT_H_

#include <ostream>
#include <vector>

#include "client/load/phase_result.h"

namespace localmamba::client {

void PrintPhase(const PhaseResult& result, std::ostream& out);

// A line for each phase, to compare them.
void PrintPhases(const std::vector<PhaseResult>& results, std::ostream& out);

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_CLI_BENCH_TEXT_H_
