#include "server/repository/version_policy.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace localmamba {
namespace {

absl::Status Check(const LatestVersions& latest) {
  if (latest.count >= 1) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("version_policy.latest.num_versions: found ",
                                                 latest.count, ", wanted a number from 1"));
}

absl::Status Check(const AllVersions& /*all*/) { return absl::OkStatus(); }

absl::Status Check(const SpecificVersions& specific) {
  constexpr char kField[] = "version_policy.specific.versions";
  if (specific.versions.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(kField, ": found none, wanted one or more"));
  }
  std::set<int64_t> seen;
  for (const int64_t version : specific.versions) {
    if (version < 1) {
      return absl::InvalidArgumentError(
          absl::StrCat(kField, ": found ", version, ", wanted versions from 1"));
    }
    if (!seen.insert(version).second) {
      return absl::InvalidArgumentError(absl::StrCat(kField, ": has ", version, " twice"));
    }
  }
  return absl::OkStatus();
}

std::set<int64_t> Pick(const LatestVersions& latest, const std::vector<int64_t>& existing) {
  const auto count = std::min<int64_t>(latest.count, static_cast<int64_t>(existing.size()));
  return {existing.end() - count, existing.end()};
}

std::set<int64_t> Pick(const AllVersions& /*all*/, const std::vector<int64_t>& existing) {
  return {existing.begin(), existing.end()};
}

std::set<int64_t> Pick(const SpecificVersions& specific, const std::vector<int64_t>& /*existing*/) {
  return {specific.versions.begin(), specific.versions.end()};
}

}  // namespace

absl::Status Validate(const VersionPolicy& policy) {
  return std::visit([](const auto& one) { return Check(one); }, policy);
}

std::set<int64_t> SelectVersions(const VersionPolicy& policy,
                                 const std::vector<int64_t>& existing) {
  return std::visit([&](const auto& one) { return Pick(one, existing); }, policy);
}

}  // namespace localmamba
