// Where the time of a forward pass goes, for people and for machines.
#ifndef LOCALMAMBA_TOOL_PROFILE_REPORT_H_
#define LOCALMAMBA_TOOL_PROFILE_REPORT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "model/engine/pass_profiler.h"
#include "model/networks/complexity.h"
#include "nlohmann/json.hpp"

namespace localmamba::tool {

// `passes` are of the same input: the result has each operation's median time. Not empty.
std::vector<OperationProfile> MedianTimes(const std::vector<std::vector<OperationProfile>>& passes);

// Three tables of at most 100 columns: kinds of operation, most time first; layers, in the order of
// the pass, with the multiply-accumulates of `complexity` for `batch` images; every operation, most
// time first. Shares are of the sum of all operations.
std::string FormatProfile(const std::vector<OperationProfile>& operations,
                          const Complexity& complexity, int64_t batch);

// Every operation, in the order of the pass.
nlohmann::ordered_json ProfileToJson(const std::vector<OperationProfile>& operations);

}  // namespace localmamba::tool

#endif  // LOCALMAMBA_TOOL_PROFILE_REPORT_H_
