// Changes to models in a repository. Each is complete or has not happened, whatever interrupts it.
// Callers see to it that only one change of a model is made at a time.
#ifndef LOCALMAMBA_SERVER_REPOSITORY_CHANGE_MODEL_H_
#define LOCALMAMBA_SERVER_REPOSITORY_CHANGE_MODEL_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/repository/model_folder.h"

namespace localmamba {

// Says which job made a version: {"id", "create_time"}.
inline constexpr char kJobFile[] = "job.json";

// Errors: INVALID_ARGUMENT unless the name has only letters, digits, "_", "-" and ".", and starts
// with a letter or digit.
absl::Status CheckModelName(absl::string_view name);

// Points `label` at `version`, which `folder` holds, or removes the label if `version` is 0, in
// `folder` and in its model.json. Errors: INVALID_ARGUMENT for the label's name; NOT_FOUND if a
// label to remove does not exist; those of AtomicFile.
absl::Status SetVersionLabel(ModelFolder& folder, const std::string& label, int64_t version);

// Removes the folder of a version, whose number is not used again. Errors: FAILED_PRECONDITION if a
// label points at it; NOT_FOUND if there is none; the code of the system's error.
absl::Status DeleteVersion(const ModelFolder& folder, int64_t version);

// Copies the only version of the model folder `result` to `model_path`, as its next version, with a
// model.json of its own; a new model gets that of `result`. The next version is one that never was:
// a client that remembers what "version 3" answered shall not meet another one. `job_json` becomes the version's
// job.json: if a version has one of that text already, nothing is done. Returns the version.
// Errors: those of ReadModelFolder; INVALID_ARGUMENT if `result` has not exactly one version; the
// code of the system's error (RESOURCE_EXHAUSTED if the disk is full).
absl::StatusOr<int64_t> PublishVersion(const std::string& result, const std::string& model_path,
                                       const std::string& job_json);

// Removes the hidden folders that a process which was killed during DeleteVersion or PublishVersion
// has left in the repository. To be called while no process does either. Errors: the code of the
// system's error, naming the first folder that cannot be removed.
absl::Status RemoveLeftovers(const std::string& repository_path);

}  // namespace localmamba

#endif  // LOCALMAMBA_SERVER_REPOSITORY_CHANGE_MODEL_H_
