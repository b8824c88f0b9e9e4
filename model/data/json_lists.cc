#include "model/data/json_lists.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "kernels/base/annotate.h"

namespace localmamba {
namespace {

using nlohmann::json;
using Event = json::parse_event_t;

absl::Status Wrong(absl::string_view name, absl::string_view wanted) {
  return absl::InvalidArgumentError(absl::StrCat("\"", name, "\" is missing or not ", wanted));
}

// Follows the parser, which drops every value for which this returns false.
class ListVisitor {
 public:
  // list_depth: how many values surround a list, 0 or 1.
  ListVisitor(absl::Span<const JsonList> lists, int list_depth)
      : lists_(lists), list_depth_(list_depth) {
    if (list_depth_ == 0) Enter(lists.front());
  }

  bool operator()(int depth, Event event, const json& value) {
    if (!status_.ok()) return false;
    const bool ends = event == Event::object_end || event == Event::array_end;
    if (depth < list_depth_) return ends || Expect(event == Event::object_start, "document");
    if (depth == list_depth_ && event == Event::key) {
      return EnterMember(value.get_ref<const std::string&>());
    }
    if (list_ == nullptr) return event == Event::value;  // of a member that is passed over
    if (depth == list_depth_) {
      if (ends) return false;
      return Expect(event == Event::array_start, list_->name, "a list");
    }
    if (depth > list_depth_ + 1) return true;  // a part of an entry
    const std::string name = absl::StrCat(list_->name, "[", entries_, "]");
    if (event != Event::object_end) return Expect(event == Event::object_start, name);
    status_ = Annotate(list_->visit(value), name);
    ++entries_;
    return false;
  }

  // After the end of the document.
  [[nodiscard]] absl::Status status() const {
    if (!status_.ok()) return status_;
    for (const JsonList& list : lists_) {
      if (entered_.count(list.name) == 0) return Wrong(list.name, "a list");
    }
    return absl::OkStatus();
  }

 private:
  bool Expect(bool holds, absl::string_view name, absl::string_view wanted = "an object") {
    if (!holds) status_ = Wrong(name, wanted);
    return holds;
  }

  bool EnterMember(const std::string& name) {
    const auto* found = std::find_if(lists_.begin(), lists_.end(),
                                     [&](const JsonList& list) { return list.name == name; });
    list_ = nullptr;
    if (found == lists_.end()) return false;
    Enter(*found);
    return status_.ok();
  }

  void Enter(const JsonList& list) {
    list_ = &list;
    entries_ = 0;
    if (!entered_.insert(list.name).second) {
      status_ = absl::InvalidArgumentError(absl::StrCat("\"", list.name, "\" occurs twice"));
    }
  }

  absl::Span<const JsonList> lists_;
  const int list_depth_;
  const JsonList* list_ = nullptr;  // the one being read
  size_t entries_ = 0;              // of it, read so far
  std::set<absl::string_view> entered_;
  absl::Status status_;
};

absl::Status Visit(absl::string_view text, absl::Span<const JsonList> lists, int list_depth) {
  ListVisitor visitor(lists, list_depth);
  try {
    [[maybe_unused]] const json rest = json::parse(
        text.begin(), text.end(),
        [&](int depth, Event event, json& value) { return visitor(depth, event, value); });
  } catch (const json::exception& error) {
    return absl::InvalidArgumentError(absl::StrCat("is not JSON: ", error.what()));
  }
  return visitor.status();
}

}  // namespace

absl::Status VisitJsonLists(absl::string_view text, absl::Span<const JsonList> lists) {
  return Visit(text, lists, /*list_depth=*/1);
}

absl::Status VisitJsonList(absl::string_view text, const JsonList& list) {
  return Visit(text, {&list, 1}, /*list_depth=*/0);
}

}  // namespace localmamba
