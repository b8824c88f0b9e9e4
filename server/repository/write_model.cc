#include "server/repository/write_model.h"

#include <unistd.h>

#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "kernels/base/status_macros.h"
#include "model/weights/atomic_file.h"
#include "model/weights/load_weights.h"
#include "server/repository/model_folder.h"

namespace localmamba {
namespace {

namespace fs = std::filesystem;

absl::Status FileError(const fs::path& path, absl::string_view what, const std::error_code& error) {
  return absl::ErrnoToStatus(error.value(), absl::StrCat(path.string(), ": ", what));
}

// A model.json of the same meaning may stay; another one is replaced with `overwrite` only.
absl::Status WriteSpec(const fs::path& path, const ModelSpec& spec, bool overwrite) {
  std::error_code error;
  if (!overwrite && fs::exists(path, error)) {
    LM_ASSIGN_OR_RETURN(const ModelSpec existing, ReadModelSpec(path.string()));
    if (FormatModelSpec(existing) == FormatModelSpec(spec)) return absl::OkStatus();
    return absl::AlreadyExistsError(
        absl::StrCat(path.string(), ": exists and says something else"));
  }
  return WriteModelSpec(spec, path.string());
}

// The versions in the model's folder; none if there is no such folder.
std::set<int64_t> ExistingVersions(const fs::path& path) {
  std::set<int64_t> versions;
  std::error_code error;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    const absl::StatusOr<int64_t> version = ParseVersionNumber(it->path().filename().string());
    if (version.ok()) versions.insert(*version);
  }
  return versions;
}

// A folder that is written must be one that can be read, with all versions that are in it.
absl::Status CheckFits(const fs::path& path, const ModelSpec& spec,
                       const WriteModelOptions& options) {
  std::set<int64_t> versions = ExistingVersions(path);
  versions.insert(options.version);
  for (const auto& [label, version] : spec.version_labels) {
    if (versions.contains(version)) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("version_labels \"", label, "\" is ", version, ", but ", path.string(),
                     " would have only the versions: ", absl::StrJoin(versions, ", ")));
  }
  versions.erase(options.version);
  const absl::StatusOr<ModelSpec> existing = ReadModelSpec((path / kSpecFile).string());
  if (!options.overwrite || versions.empty() || !existing.ok()) return absl::OkStatus();
  ModelSpec wanted = spec;
  wanted.version_labels = existing->version_labels;
  wanted.version_policy = existing->version_policy;
  wanted.description = existing->description;
  if (FormatModelSpec(*existing) == FormatModelSpec(wanted)) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat((path / kSpecFile).string(), ": says something else, which the versions ",
                   absl::StrJoin(versions, ", "), " need; wanted another folder"));
}

absl::Status WriteVersionFiles(const fs::path& folder, const ParameterSet& parameters,
                               const WriteModelOptions& options) {
  LM_RETURN_IF_ERROR(SaveWeights(parameters, options.dtype, (folder / kWeightsFile).string()));
  for (const auto& [name, text] : {std::pair(kLabelsFile, &options.labels_json),
                                   std::pair(kMetricsFile, &options.metrics_json)}) {
    if (text->empty()) continue;
    LM_RETURN_IF_ERROR(WriteFileAtomically((folder / name).string(), *text));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status WriteModel(const std::string& path, const ModelSpec& spec,
                        const ParameterSet& parameters, const WriteModelOptions& options) {
  const fs::path version_path = VersionPath(path, options.version);
  std::error_code error;
  if (!options.overwrite && fs::exists(version_path, error)) {
    return absl::AlreadyExistsError(absl::StrCat(version_path.string(), ": exists"));
  }
  LM_RETURN_IF_ERROR(CheckFits(path, spec, options));
  // A hidden folder, which readers ignore until it is renamed.
  const fs::path temporary =
      fs::path(path) / absl::StrCat(".", options.version, ".tmp-", static_cast<int64_t>(getpid()));
  if (!fs::create_directories(temporary, error) && error) {
    return FileError(version_path, "cannot create", error);
  }
  const absl::Cleanup remove_temporary = [&] {
    std::error_code ignored;
    fs::remove_all(temporary, ignored);
  };
  const absl::Status written = WriteVersionFiles(temporary, parameters, options);
  if (!written.ok()) {  // in terms of what was asked for
    return {written.code(),
            absl::StrReplaceAll(written.message(), {{temporary.string(), version_path.string()}})};
  }
  LM_RETURN_IF_ERROR(WriteSpec(fs::path(path) / kSpecFile, spec, options.overwrite));
  // Without `overwrite`, one that somebody else has written meanwhile makes the rename fail.
  if (options.overwrite) {
    fs::remove_all(version_path, error);
    if (error) return FileError(version_path, "cannot remove", error);
  }
  fs::rename(temporary, version_path, error);
  if (error) return FileError(version_path, "cannot rename into place", error);
  return absl::OkStatus();
}

}  // namespace localmamba
