#include "server/repository/json_layout.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace localmamba {
namespace {

using nlohmann::ordered_json;

constexpr size_t kColumns = 100;

std::string Scalar(const ordered_json& value) {
  // Text that is not UTF-8 is shown with replacement characters.
  return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

// `separator` goes between items.
template <class Layout>
std::string Items(const ordered_json& value, absl::string_view separator, Layout layout) {
  std::string text;
  for (const auto& [key, item] : value.items()) {
    if (!text.empty()) absl::StrAppend(&text, separator);
    if (value.is_object()) absl::StrAppend(&text, Scalar(key), ": ");
    absl::StrAppend(&text, layout(item));
  }
  return text;
}

std::string OneLine(const ordered_json& value) {
  if (!value.is_structured()) return Scalar(value);
  const std::string items = Items(value, ", ", OneLine);
  return value.is_object() ? absl::StrCat("{", items, "}") : absl::StrCat("[", items, "]");
}

// The scalars of a list, as many on a line as fit, after `indent` columns.
std::string Filled(const ordered_json& list, size_t indent) {
  const std::string line_break = absl::StrCat("\n", std::string(indent, ' '));
  std::string text;
  size_t column = indent;
  for (const ordered_json& item : list) {
    const std::string scalar = Scalar(item);
    if (!text.empty()) {
      const bool fits = column + scalar.size() + 2 < kColumns;  // ", " before it
      absl::StrAppend(&text, ",", fits ? " " : line_break);
      column = fits ? column + 2 : indent;
    }
    absl::StrAppend(&text, scalar);
    column += scalar.size();
  }
  return text;
}

bool IsListOfScalars(const ordered_json& value) {
  return value.is_array() && std::none_of(value.begin(), value.end(),
                                          [](const auto& item) { return item.is_structured(); });
}

std::string Lines(const ordered_json& value, size_t indent) {
  std::string line = OneLine(value);
  if (!value.is_structured() || (indent > 0 && indent + line.size() <= kColumns)) return line;
  const std::string inner = absl::StrCat("\n", std::string(indent + 2, ' '));
  const std::string items =
      IsListOfScalars(value)
          ? Filled(value, indent + 2)
          : Items(value, absl::StrCat(",", inner),
                  [&](const ordered_json& item) { return Lines(item, indent + 2); });
  const std::string outer = absl::StrCat("\n", std::string(indent, ' '));
  return value.is_object() ? absl::StrCat("{", inner, items, outer, "}")
                           : absl::StrCat("[", inner, items, outer, "]");
}

}  // namespace

std::string LayOutJson(const ordered_json& value) { return absl::StrCat(Lines(value, 0), "\n"); }

}  // namespace localmamba
