// What several searches of the same directions have in common.
#ifndef LOCALMAMBA_TRAINER_SEARCH_SUMMARY_H_
#define LOCALMAMBA_TRAINER_SEARCH_SUMMARY_H_

#include <vector>

#include "nlohmann/json.hpp"
#include "trainer/experiment_report.h"

namespace localmamba::trainer {

// The member "search" of a variant in the report. records: at least one, all with a search for the
// same candidates and network.
nlohmann::ordered_json SummarizeSearches(const std::vector<const RunRecord*>& records);

}  // namespace localmamba::trainer

#endif  // LOCALMAMBA_TRAINER_SEARCH_SUMMARY_H_
