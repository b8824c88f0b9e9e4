#include "trainer/experiment_report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include "trainer/report_values.h"
#include "trainer/search_summary.h"

namespace localmamba::trainer {
namespace {

using nlohmann::ordered_json;

// Member of a variant in the report, and where metrics.json has it.
struct Quantity {
  const char* name;
  const char* pointer;
};
constexpr std::array<Quantity, 10> kQuantities = {{
    {"top1", "/top1"},
    {"top5", "/top5"},
    {"train_loss", "/train_loss"},
    {"validation_loss", "/validation_loss"},
    {"seconds", "/training/seconds"},
    {"search_seconds", "/search/seconds"},
    {"peak_memory_bytes", "/training/peak_memory_bytes"},
    {"parameters", "/parameters"},
    {"macs", "/macs"},
    {"official_macs", "/official_macs"},
}};

// Runs without the quantity are left out.
Sample Collect(const std::vector<const RunRecord*>& records, const char* pointer) {
  const ordered_json::json_pointer place(pointer);
  Sample sample;
  for (const RunRecord* record : records) {
    if (record->metrics.contains(place)) AddNumber(record->metrics.at(place), sample);
  }
  return sample;
}

std::optional<double> StandardError(const std::optional<double>& variance) {
  if (!variance.has_value()) return std::nullopt;
  return std::sqrt(*variance);
}

// The runs of one variant.
struct Group {
  const Variant* variant = nullptr;
  std::vector<const RunRecord*> finished;
  int diverged = 0;
  Sample top1;
};

std::vector<Group> GroupByVariant(const ExperimentPlan& plan,
                                  const std::vector<RunRecord>& records) {
  std::vector<Group> groups;
  for (const Variant& variant : plan.variants) groups.push_back({.variant = &variant});
  for (const RunRecord& record : records) {
    Group& group = groups[record.planned->variant];
    if (record.diverged.empty()) {
      group.finished.push_back(&record);
    } else {
      ++group.diverged;
    }
  }
  for (Group& group : groups) group.top1 = Collect(group.finished, "/top1");
  return groups;
}

ordered_json VariantJson(const Group& group, const Group& baseline) {
  ordered_json json = {{"name", group.variant->name},
                       {"directions", group.variant->directions},
                       {"attention", group.variant->attention},
                       {"finished_runs", group.finished.size()},
                       {"diverged_runs", group.diverged}};
  for (const Quantity& quantity : kQuantities) {
    const Sample sample = Collect(group.finished, quantity.pointer);
    if (!sample.empty()) json[quantity.name] = ToJson(sample);
  }
  if (&group != &baseline) {
    const Difference difference = Subtract(group.top1, baseline.top1);
    json["difference"] = {{"top1", ToJson(difference.value)},
                          {"standard_error", ToJson(StandardError(difference.variance))}};
  }
  if (!group.finished.empty() && group.finished.front()->metrics.contains("search")) {
    json["search"] = SummarizeSearches(group.finished);
  }
  return json;
}

// A component of variants, and the other one, which must be equal where the first is compared.
struct Component {
  const char* name;
  std::string Variant::*value;
  std::string Variant::*other;
};
constexpr std::array<Component, 2> kComponents = {{
    {"directions", &Variant::directions, &Variant::attention},
    {"attention", &Variant::attention, &Variant::directions},
}};

// In the order in which variants have them first.
std::vector<std::string> Values(const std::vector<Group>& groups, const Component& component) {
  std::vector<std::string> values;
  for (const Group& group : groups) {
    const std::string& value = group.variant->*component.value;
    if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
  }
  return values;
}

ordered_json Contribution(const std::vector<Group>& groups, const Component& component,
                          const std::string& from, const std::string& to) {
  Sample differences;
  double variances = 0;
  bool have_variances = true;
  int pairs = 0;
  for (const Group& before : groups) {
    for (const Group& after : groups) {
      if (before.variant->*component.value != from || after.variant->*component.value != to ||
          before.variant->*component.other != after.variant->*component.other) {
        continue;
      }
      const Difference difference = Subtract(after.top1, before.top1);
      if (!difference.value.has_value()) continue;
      ++pairs;
      differences.Add(*difference.value);
      variances += difference.variance.value_or(0);
      have_variances = have_variances && difference.variance.has_value();
    }
  }
  if (pairs == 0) return nullptr;
  return {
      {"component", component.name},
      {"from", from},
      {"to", to},
      {"pairs", pairs},
      {"top1", ToJson(differences.Mean())},
      // Of the mean of independent differences.
      {"standard_error", have_variances ? ordered_json(std::sqrt(variances) / pairs) : nullptr}};
}

ordered_json Contributions(const std::vector<Group>& groups) {
  ordered_json json = ordered_json::array();
  for (const Component& component : kComponents) {
    const std::vector<std::string> values = Values(groups, component);
    for (size_t to = 0; to < values.size(); ++to) {
      for (size_t from = 0; from < to; ++from) {
        ordered_json entry = Contribution(groups, component, values[from], values[to]);
        if (!entry.is_null()) json.push_back(std::move(entry));
      }
    }
  }
  return json;
}

ordered_json RunJson(const ExperimentPlan& plan, const RunRecord& record) {
  const PlannedRun& planned = *record.planned;
  ordered_json json = {{"variant", plan.variants[planned.variant].name}, {"seed", planned.seed}};
  if (planned.list_seed.has_value()) json["list_seed"] = *planned.list_seed;
  json["folder"] = planned.folder;
  if (!record.diverged.empty()) {
    json["diverged"] = record.diverged;
    return json;
  }
  json["layers"] = record.layers;
  json["metrics"] = record.metrics;
  if (!record.probabilities.is_null()) json["probabilities"] = record.probabilities;
  return json;
}

}  // namespace

ordered_json MakeReport(const ExperimentPlan& plan, const std::vector<RunRecord>& records) {
  const std::vector<Group> groups = GroupByVariant(plan, records);
  ordered_json variants = ordered_json::array();
  for (const Group& group : groups) variants.push_back(VariantJson(group, groups.front()));
  ordered_json runs = ordered_json::array();
  for (const RunRecord& record : records) runs.push_back(RunJson(plan, record));
  return {{"planned_runs", plan.runs.size()},
          {"ended_runs", records.size()},
          {"variants", std::move(variants)},
          {"contributions", Contributions(groups)},
          {"runs", std::move(runs)}};
}

}  // namespace localmamba::trainer
