#include "server/rpc/open_inference/find_version.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "server/rpc/open_inference/quoted.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {

absl::Status CheckVersion(const std::string& version) {
  constexpr size_t kMaxDigits = 18;  // of 64 bits
  if (version.size() <= kMaxDigits &&
      std::all_of(version.begin(), version.end(), absl::ascii_isdigit)) {
    return absl::OkStatus();
  }
  return InvalidRequest(absl::StrCat("model version: found ", Quoted(version),
                                     ", wanted a number, or \"\" for the newest"));
}

absl::StatusOr<ServedModels::Handle> FindVersion(const ServedModels& models,
                                                 const std::string& name,
                                                 const std::string& version) {
  if (name.empty()) return InvalidRequest("model name: found \"\", wanted the name of a model");
  LM_RETURN_IF_ERROR(CheckVersion(version));
  return models.Find(name, version);
}

}  // namespace localmamba::server
