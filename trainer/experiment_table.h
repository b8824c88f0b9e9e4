// The report of an experiment for people.
#ifndef LOCALMAMBA_TRAINER_EXPERIMENT_TABLE_H_
#define LOCALMAMBA_TRAINER_EXPERIMENT_TABLE_H_

#include <string>

#include "nlohmann/json.hpp"

namespace localmamba::trainer {

// Of what MakeReport made: one line per variant, at most 100 columns wide; below them what there is
// to say about runs that diverged, searches and contributions (only the last may be wider, if they
// list the directions of many layers).
std::string FormatTable(const nlohmann::ordered_json& report);

}  // namespace localmamba::trainer

#endif  // LOCALMAMBA_TRAINER_EXPERIMENT_TABLE_H_
