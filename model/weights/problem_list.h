// Gathers everything that is wrong, to report it in one message.
#ifndef LOCALMAMBA_MODEL_WEIGHTS_PROBLEM_LIST_H_
#define LOCALMAMBA_MODEL_WEIGHTS_PROBLEM_LIST_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"

namespace localmamba {

class ProblemList {
 public:
  static constexpr size_t kMaxListed = 20;

  void Add(std::string problem) {
    if (problems_.size() < kMaxListed) problems_.push_back(std::move(problem));
    ++count_;
  }

  // OK if there is none, else INVALID_ARGUMENT "<what>: <problem>; <problem>; and 3 more".
  [[nodiscard]] absl::Status ToStatus(absl::string_view what) const {
    if (count_ == 0) return absl::OkStatus();
    std::string message = absl::StrCat(what, ": ", absl::StrJoin(problems_, "; "));
    if (count_ > problems_.size()) {
      absl::StrAppend(&message, "; and ", count_ - problems_.size(), " more");
    }
    return absl::InvalidArgumentError(message);
  }

 private:
  std::vector<std::string> problems_;
  size_t count_ = 0;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_WEIGHTS_PROBLEM_LIST_H_
