#include "trainer/search_summary.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "trainer/report_values.h"

namespace localmamba::trainer {
namespace {

using nlohmann::ordered_json;

using Directions = std::vector<std::string>;

// Share of the directions of one list that are in the other, which is as long.
double SharedPart(const Directions& left, const Directions& right) {
  const auto shared = std::count_if(left.begin(), left.end(), [&](const std::string& direction) {
    return std::find(right.begin(), right.end(), direction) != right.end();
  });
  return static_cast<double>(shared) / static_cast<double>(left.size());
}

// Over all pairs of searches.
Sample Agreement(const std::vector<const RunRecord*>& records, size_t layer) {
  Sample shared;
  for (size_t i = 0; i < records.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      shared.Add(SharedPart(records[i]->layers[layer], records[j]->layers[layer]));
    }
  }
  return shared;
}

// How many of the searches chose each candidate.
std::vector<int> TimesChosen(const std::vector<const RunRecord*>& records, size_t layer,
                             const Directions& candidates) {
  std::vector<int> times;
  for (const std::string& candidate : candidates) {
    times.push_back(static_cast<int>(
        std::count_if(records.begin(), records.end(), [&](const RunRecord* record) {
          const Directions& chosen = record->layers[layer];
          return std::find(chosen.begin(), chosen.end(), candidate) != chosen.end();
        })));
  }
  return times;
}

// `member` ("entropy", "margin") of one layer, or of all without one, over all searches.
Sample Collect(const std::vector<const RunRecord*>& records, const char* member,
               std::optional<size_t> layer = std::nullopt) {
  Sample sample;
  for (const RunRecord* record : records) {
    const ordered_json& layers = record->metrics.at("search").at("layers");
    for (size_t i = 0; i < layers.size(); ++i) {
      if (!layer.has_value() || layer == i) AddNumber(layers[i].at(member), sample);
    }
  }
  return sample;
}

}  // namespace

ordered_json SummarizeSearches(const std::vector<const RunRecord*>& records) {
  const auto candidates = records.front()->metrics.at("search").at("candidates").get<Directions>();
  Sample agreement;
  ordered_json layers = ordered_json::array();
  for (size_t layer = 0; layer < records.front()->layers.size(); ++layer) {
    const std::optional<double> agreed = Agreement(records, layer).Mean();
    if (agreed.has_value()) agreement.Add(*agreed);
    layers.push_back({{"times_chosen", TimesChosen(records, layer, candidates)},
                      {"agreement", ToJson(agreed)},
                      {"entropy", ToJson(Collect(records, "entropy", layer).Mean())},
                      {"margin", ToJson(Collect(records, "margin", layer).Mean())}});
  }
  const auto count = static_cast<double>(candidates.size());
  return {{"candidates", candidates},
          {"entropy", ToJson(Collect(records, "entropy").Mean())},
          {"uniform_entropy", std::log(count)},
          {"margin", ToJson(Collect(records, "margin").Mean())},
          {"agreement", ToJson(agreement.Mean())},
          {"chance_agreement", static_cast<double>(records.front()->layers[0].size()) / count},
          {"layers", std::move(layers)}};
}

}  // namespace localmamba::trainer
