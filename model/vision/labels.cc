#include "model/vision/labels.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace localmamba {
namespace {

absl::Status Error(absl::string_view source, absl::string_view problem) {
  return absl::InvalidArgumentError(absl::StrCat(source, ": ", problem));
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ParseLabels(absl::string_view json,
                                                     absl::string_view source, int64_t classes) {
  const nlohmann::json document =
      nlohmann::json::parse(json.begin(), json.end(), nullptr, /*allow_exceptions=*/false);
  if (document.is_discarded()) return Error(source, "not valid JSON in UTF-8");
  if (!document.is_object()) {
    return Error(source, absl::StrCat("holds a JSON ", document.type_name(), ", wanted an object"));
  }
  for (const auto& [key, value] : document.items()) {
    if (key != "labels") {
      return Error(source, absl::StrCat("unknown field \"", key, "\", wanted only \"labels\""));
    }
  }
  const auto names = document.find("labels");
  if (names == document.end()) return Error(source, "field \"labels\" is missing");
  if (!names->is_array()) {
    return Error(source,
                 absl::StrCat("\"labels\" is a JSON ", names->type_name(), ", wanted an array"));
  }
  std::vector<std::string> labels;
  labels.reserve(names->size());
  for (const nlohmann::json& name : *names) {
    if (!name.is_string()) {
      return Error(source, absl::StrCat("labels[", labels.size(), "] is a JSON ", name.type_name(),
                                        ", wanted a string"));
    }
    if (name.get_ref<const std::string&>().empty()) {
      return Error(source, absl::StrCat("labels[", labels.size(), "] is empty, wanted a name"));
    }
    labels.push_back(name.get<std::string>());
  }
  if (labels.size() != static_cast<size_t>(classes)) {
    return Error(source, absl::StrCat(labels.size(), " labels, wanted one for each of ", classes,
                                      " classes"));
  }
  return labels;
}

absl::StatusOr<std::vector<std::string>> ReadLabels(const std::string& path, int64_t classes) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  // Fails, where iterators would throw, for a folder too.
  if (!(text << file.rdbuf())) {
    return absl::NotFoundError(absl::StrCat(path, ": cannot be read or is empty"));
  }
  return ParseLabels(text.str(), path, classes);
}

std::string FormatLabels(absl::Span<const absl::string_view> labels) {
  nlohmann::json names = nlohmann::json::array();
  for (const absl::string_view label : labels) names.push_back(std::string(label));
  return nlohmann::json{{"labels", std::move(names)}}.dump(2) + "\n";
}

}  // namespace localmamba
