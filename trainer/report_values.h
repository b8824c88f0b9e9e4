// Numbers that may be missing, in JSON: null stands for none.
#ifndef LOCALMAMBA_TRAINER_REPORT_VALUES_H_
#define LOCALMAMBA_TRAINER_REPORT_VALUES_H_

#include <optional>

#include "nlohmann/json.hpp"
#include "trainer/sample.h"

namespace localmamba::trainer {

inline nlohmann::ordered_json ToJson(const std::optional<double>& value) {
  return value.has_value() ? nlohmann::ordered_json(*value) : nlohmann::ordered_json();
}

inline nlohmann::ordered_json ToJson(const Sample& sample) {
  return {{"mean", ToJson(sample.Mean())},
          {"standard_deviation", ToJson(sample.StandardDeviation())}};
}

// Leaves out what is no number.
inline void AddNumber(const nlohmann::ordered_json& value, Sample& sample) {
  if (value.is_number()) sample.Add(value.get<double>());
}

}  // namespace localmamba::trainer

#endif  // LOCALMAMBA_TRAINER_REPORT_VALUES_H_
