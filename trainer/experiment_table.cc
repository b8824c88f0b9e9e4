#include "trainer/experiment_table.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"

namespace localmamba::trainer {
namespace {

using nlohmann::ordered_json;

constexpr double kPercent = 100;
constexpr double kMega = 1e6;
constexpr double kMebi = 1024.0 * 1024.0;

// The number at `pointer` times `factor`, in so many columns; "-" where there is none.
std::string Number(const ordered_json& json, const char* pointer, double factor, int width,
                   int decimals, bool with_sign = false) {
  const ordered_json::json_pointer place(pointer);
  if (!json.contains(place) || !json.at(place).is_number())
    return absl::StrFormat("%*s", width, "-");
  const double value = json.at(place).get<double>() * factor;
  return with_sign ? absl::StrFormat("%+*.*f", width, decimals, value)
                   : absl::StrFormat("%*.*f", width, decimals, value);
}

std::string VariantLine(const ordered_json& variant) {
  return absl::StrCat(absl::StrFormat("%-24s%6d", variant.at("name").get<std::string>(),
                                      variant.at("finished_runs").get<int>()),
                      Number(variant, "/top1/mean", kPercent, 9, 2),
                      Number(variant, "/top1/standard_deviation", kPercent, 7, 2),
                      Number(variant, "/difference/top1", kPercent, 9, 2, /*with_sign=*/true),
                      Number(variant, "/difference/standard_error", kPercent, 7, 2),
                      Number(variant, "/seconds/mean", 1, 10, 1),
                      Number(variant, "/peak_memory_bytes/mean", 1 / kMebi, 9, 0),
                      Number(variant, "/parameters/mean", 1 / kMega, 9, 2),
                      Number(variant, "/macs/mean", 1 / kMega, 10, 1), "\n");
}

std::string DivergedLine(const ordered_json& variant) {
  const int diverged = variant.at("diverged_runs").get<int>();
  if (diverged == 0) return "";
  return absl::StrFormat("%s: %d diverged\n", variant.at("name").get<std::string>(), diverged);
}

std::string SearchLine(const ordered_json& variant) {
  if (!variant.contains("search")) return "";
  const ordered_json& search = variant.at("search");
  return absl::StrCat(variant.at("name").get<std::string>(), ": seeds agree in",
                      Number(search, "/agreement", kPercent, 4, 0), "% (chance",
                      Number(search, "/chance_agreement", kPercent, 4, 0), "%), entropy",
                      Number(search, "/entropy", 1, 6, 3), " of",
                      Number(search, "/uniform_entropy", 1, 6, 3), ", margin",
                      Number(search, "/margin", 1, 7, 4), "\n");
}

// Of one pair, a contribution says nothing that the table does not.
std::string ContributionLine(const ordered_json& contribution) {
  if (contribution.at("pairs").get<int>() < 2) return "";
  return absl::StrCat(Number(contribution, "/top1", kPercent, 6, 2, /*with_sign=*/true), " +-",
                      Number(contribution, "/standard_error", kPercent, 5, 2), "  ",
                      contribution.at("component").get<std::string>(), ": \"",
                      contribution.at("from").get<std::string>(), "\" to \"",
                      contribution.at("to").get<std::string>(), "\"\n");
}

}  // namespace

std::string FormatTable(const ordered_json& report) {
  std::string text =
      absl::StrFormat("%-24s%6s%9s%7s%9s%7s%10s%9s%9s%10s\n", "variant", "runs", "top-1 %", "sd",
                      "diff", "se", "seconds", "MiB", "params M", "MACs M");
  for (const ordered_json& variant : report.at("variants")) {
    absl::StrAppend(&text, VariantLine(variant));
  }
  for (const ordered_json& variant : report.at("variants")) {
    absl::StrAppend(&text, DivergedLine(variant), SearchLine(variant));
  }
  for (const ordered_json& contribution : report.at("contributions")) {
    absl::StrAppend(&text, ContributionLine(contribution));
  }
  return text;
}

}  // namespace localmamba::trainer
