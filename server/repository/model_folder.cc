#include "server/repository/model_folder.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"

namespace localmamba {
namespace {

namespace fs = std::filesystem;

absl::StatusOr<std::vector<int64_t>> ListVersions(const std::string& path) {
  std::vector<int64_t> versions;
  std::error_code error;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    std::error_code dangling;  // a symbolic link
    if (absl::StartsWith(name, ".") || !it->is_directory(dangling)) continue;
    absl::StatusOr<int64_t> version = ParseVersionNumber(name);
    if (!version.ok()) return Annotate(version.status(), it->path().string());
    versions.push_back(*version);
  }
  if (error) {
    return absl::InternalError(absl::StrCat(path, ": cannot list: ", error.message()));
  }
  std::sort(versions.begin(), versions.end());
  return versions;
}

bool HasVersion(const ModelFolder& folder, int64_t version) {
  return std::binary_search(folder.versions.begin(), folder.versions.end(), version);
}

std::string Describe(const std::vector<int64_t>& versions) {
  return versions.empty() ? "none" : absl::StrJoin(versions, ", ");
}

}  // namespace

absl::StatusOr<int64_t> ParseVersionNumber(absl::string_view text) {
  int64_t version = 0;
  if (!absl::SimpleAtoi(text, &version) || version < 1 || absl::StrCat(version) != text) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text, "\" is no version, wanted a number from 1"));
  }
  return version;
}

std::string VersionPath(const std::string& model_path, int64_t version) {
  return (fs::path(model_path) / absl::StrCat(version)).string();
}

absl::StatusOr<ModelFolder> ReadModelFolder(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    return absl::NotFoundError(absl::StrCat(path, ": is no model folder"));
  }
  ModelFolder folder;
  folder.path = path;
  folder.name = fs::path(absl::StrCat(path, "/")).lexically_normal().parent_path().filename();
  const std::string spec_path = (fs::path(path) / kSpecFile).string();
  LM_ASSIGN_OR_RETURN(folder.spec, ReadModelSpec(spec_path));
  LM_ASSIGN_OR_RETURN(folder.versions, ListVersions(path));
  for (const auto& [label, version] : folder.spec.version_labels) {
    if (!HasVersion(folder, version)) {
      return absl::InvalidArgumentError(
          absl::StrCat(spec_path, ": version_labels \"", label, "\" is ", version,
                       ", but the versions there are: ", Describe(folder.versions)));
    }
  }
  return folder;
}

absl::StatusOr<int64_t> ResolveVersion(const ModelFolder& folder, absl::string_view text) {
  const std::string found = absl::StrCat("; there are: ", Describe(folder.versions));
  if (text.empty()) {
    if (folder.versions.empty()) {
      return absl::NotFoundError(absl::StrCat(folder.path, ": has no version"));
    }
    return folder.versions.back();
  }
  const auto label = folder.spec.version_labels.find(std::string(text));
  if (label != folder.spec.version_labels.end()) return label->second;
  const absl::StatusOr<int64_t> version = ParseVersionNumber(text);
  if (!version.ok() || !HasVersion(folder, *version)) {
    return absl::NotFoundError(absl::StrCat(folder.path, ": has no version \"", text, "\"", found));
  }
  return *version;
}

std::set<int64_t> VersionsToServe(const ModelFolder& folder) {
  std::set<int64_t> versions = SelectVersions(folder.spec.version_policy, folder.versions);
  for (const auto& [label, version] : folder.spec.version_labels) versions.insert(version);
  return versions;
}

absl::StatusOr<ModelSpec> ReadVersionSpec(const ModelFolder& folder, int64_t version) {
  const fs::path path = fs::path(VersionPath(folder.path, version)) / kSpecFile;
  std::error_code error;
  if (!fs::exists(path, error)) return folder.spec;
  LM_ASSIGN_OR_RETURN(ModelSpec spec, ReadModelSpec(path.string()));
  spec.version_labels = folder.spec.version_labels;
  spec.version_policy = folder.spec.version_policy;
  return spec;
}

}  // namespace localmamba
