#include "tool/profile_report.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"

namespace localmamba::tool {
namespace {

// One line of a table: an operation, or the sum of several.
struct Row {
  std::string layer;
  std::string operation;
  double seconds = 0;
  double bytes = 0;
  double macs = 0;  // 0: not counted
};

Row ToRow(const OperationProfile& operation) {
  return {operation.layer, operation.operation, absl::ToDoubleSeconds(operation.time),
          static_cast<double>(operation.bytes), static_cast<double>(operation.macs)};
}

void Add(const OperationProfile& operation, Row& sum) {
  const Row row = ToRow(operation);
  sum.seconds += row.seconds;
  sum.bytes += row.bytes;
  sum.macs += row.macs;
}

void SortByTime(std::vector<Row>& rows) {
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Row& a, const Row& b) { return a.seconds > b.seconds; });
}

// Sums of what has the same `name`, in the order of their first operation.
template <class Name>
std::vector<Row> Sum(const std::vector<OperationProfile>& operations, Name name) {
  std::vector<Row> rows;
  std::map<std::string, size_t> index;
  for (const OperationProfile& operation : operations) {
    const auto [found, added] = index.emplace(operation.*name, rows.size());
    if (added) {
      rows.emplace_back();
      // Only the name that all parts of the sum have.
      (name == &OperationProfile::layer ? rows.back().layer : rows.back().operation) = found->first;
    }
    Add(operation, rows[found->second]);
  }
  return rows;
}

// A rate of `amount` in units of `unit` a second, or a dash.
std::string Rate(double amount, double seconds, double unit) {
  if (amount <= 0 || seconds <= 0) return "-";
  const double rate = amount / seconds / unit;
  return rate < 10 ? absl::StrFormat("%.3f", rate) : absl::StrFormat("%.1f", rate);
}

std::string Table(const char* title, const std::vector<Row>& rows, double total_seconds) {
  std::string text = absl::StrFormat("%s\n  %-26s %-20s %10s %7s %9s %9s\n", title, "layer",
                                     "operation", "ms", "share", "TFLOP/s", "GB/s");
  for (const Row& row : rows) {
    absl::StrAppendFormat(&text, "  %-26s %-20s %10.3f %6.1f%% %9s %9s\n", row.layer, row.operation,
                          row.seconds * 1e3, 100 * row.seconds / std::max(total_seconds, 1e-12),
                          Rate(2 * row.macs, row.seconds, 1e12), Rate(row.bytes, row.seconds, 1e9));
  }
  return text;
}

}  // namespace

std::vector<OperationProfile> MedianTimes(
    const std::vector<std::vector<OperationProfile>>& passes) {
  std::vector<OperationProfile> result = passes.front();
  std::vector<absl::Duration> times(passes.size());
  for (size_t i = 0; i < result.size(); ++i) {
    std::transform(passes.begin(), passes.end(), times.begin(),
                   [i](const auto& pass) { return pass[i].time; });
    const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
    std::nth_element(times.begin(), middle, times.end());
    result[i].time = *middle;
  }
  return result;
}

std::string FormatProfile(const std::vector<OperationProfile>& operations,
                          const Complexity& complexity, int64_t batch) {
  double total_seconds = 0;
  std::vector<Row> all;
  for (const OperationProfile& operation : operations) {
    all.push_back(ToRow(operation));
    total_seconds += all.back().seconds;
  }
  SortByTime(all);
  std::vector<Row> kinds = Sum(operations, &OperationProfile::operation);
  SortByTime(kinds);
  std::vector<Row> layers = Sum(operations, &OperationProfile::layer);
  for (Row& layer : layers) {
    layer.macs = 0;  // that of the products is not all
    for (const LayerComplexity& counted : complexity.layers) {
      if (counted.name == layer.layer) layer.macs = static_cast<double>(counted.macs * batch);
    }
  }
  return absl::StrCat(Table("By kind of operation:", kinds, total_seconds),
                      Table("By layer, in order:", layers, total_seconds),
                      Table("Each operation:", all, total_seconds));
}

nlohmann::ordered_json ProfileToJson(const std::vector<OperationProfile>& operations) {
  nlohmann::ordered_json report = nlohmann::ordered_json::array();
  for (const OperationProfile& operation : operations) {
    report.push_back({{"layer", operation.layer},
                      {"operation", operation.operation},
                      {"ms", absl::ToDoubleMilliseconds(operation.time)},
                      {"bytes", operation.bytes},
                      {"macs", operation.macs}});
  }
  return report;
}

}  // namespace localmamba::tool
