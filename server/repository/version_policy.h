// Which versions of a model a server loads by itself (localmamba.v1.VersionPolicy).
#ifndef LOCALMAMBA_SERVER_REPOSITORY_VERSION_POLICY_H_
#define LOCALMAMBA_SERVER_REPOSITORY_VERSION_POLICY_H_

#include <cstdint>
#include <set>
#include <variant>
#include <vector>

#include "absl/status/status.h"

namespace localmamba {

struct LatestVersions {
  int64_t count = 1;  // those with the largest numbers
  bool operator==(const LatestVersions&) const = default;
};

struct AllVersions {
  bool operator==(const AllVersions&) const = default;
};

struct SpecificVersions {
  std::vector<int64_t> versions;
  bool operator==(const SpecificVersions&) const = default;
};

using VersionPolicy = std::variant<LatestVersions, AllVersions, SpecificVersions>;

// Errors: INVALID_ARGUMENT naming the field: a count below 1, or no, a repeated or an impossible
// version.
absl::Status Validate(const VersionPolicy& policy);

// What the policy picks of the versions that exist, which are ascending. Specific ones are picked
// whether they exist or not.
std::set<int64_t> SelectVersions(const VersionPolicy& policy, const std::vector<int64_t>& existing);

}  // namespace localmamba

#endif  // LOCALMAMBA_SERVER_REPOSITORY_VERSION_POLICY_H_
