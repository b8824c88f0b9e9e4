#include "model/weights/strict_json.h"

#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace localmamba {

absl::StatusOr<nlohmann::json> ParseStrictJson(absl::string_view text, int max_depth) {
  using nlohmann::json;
  std::vector<std::set<std::string>> keys;  // of the objects being read, outermost first
  absl::Status problem;
  // Values for which this returns false are dropped at once, so that what is refused takes no
  // memory.
  const auto check = [&](int depth, json::parse_event_t event, json& value) {
    if (!problem.ok()) return false;
    const bool starts =
        event == json::parse_event_t::object_start || event == json::parse_event_t::array_start;
    if (starts && depth >= max_depth) {
      problem = absl::InvalidArgumentError(absl::StrCat("JSON nests deeper than ", max_depth));
      return false;
    }
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key &&
        !keys.back().insert(value.get_ref<const std::string&>()).second) {
      problem = absl::InvalidArgumentError(
          absl::StrCat("JSON has the key \"", value.get_ref<const std::string&>(), "\" twice"));
      return false;
    }
    return true;
  };
  try {
    json result = json::parse(text.begin(), text.end(), check);
    if (!problem.ok()) return problem;
    return result;
  } catch (const json::exception& error) {
    if (!problem.ok()) return problem;  // the first one found
    return absl::InvalidArgumentError(absl::StrCat("is not JSON: ", error.what()));
  }
}

}  // namespace localmamba
