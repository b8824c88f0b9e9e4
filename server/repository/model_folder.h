// One model on disk: <path>/model.json and <path>/<version>/weights.safetensors
// (docs/model-format.md).
#ifndef LOCALMAMBA_SERVER_REPOSITORY_MODEL_FOLDER_H_
#define LOCALMAMBA_SERVER_REPOSITORY_MODEL_FOLDER_H_

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/repository/model_spec.h"

namespace localmamba {

inline constexpr char kSpecFile[] = "model.json";
inline constexpr char kWeightsFile[] = "weights.safetensors";
inline constexpr char kLabelsFile[] = "labels.json";
inline constexpr char kMetricsFile[] = "metrics.json";  // what training measured of the version

struct ModelFolder {
  std::string path;
  std::string name;  // of the folder
  ModelSpec spec;
  std::vector<int64_t> versions;  // ascending
};

// Reads model.json and the names of the version folders, not the weights. Folders whose name starts
// with "." are ignored. Errors: NOT_FOUND if there is no such folder or no model.json in it;
// INVALID_ARGUMENT naming what is wrong: those of ParseModelSpec, a folder not named by a positive
// integer, a version label of a version that is not there.
absl::StatusOr<ModelFolder> ReadModelFolder(const std::string& path);

// The version that `text` means: a number, a label, or "" for the newest.
// Errors: NOT_FOUND naming the version and what exists.
absl::StatusOr<int64_t> ResolveVersion(const ModelFolder& folder, absl::string_view text);

// What a server loads by itself: what the version policy picks, and every version a label points at.
std::set<int64_t> VersionsToServe(const ModelFolder& folder);

// What the version is: the model's spec; or, with the model's labels and policy of versions, that of
// a model.json in the version's own folder. Errors: those of ReadModelSpec.
absl::StatusOr<ModelSpec> ReadVersionSpec(const ModelFolder& folder, int64_t version);

// <path>/<version>
std::string VersionPath(const std::string& model_path, int64_t version);

// "12" → 12. Errors: INVALID_ARGUMENT if the text is not an integer from 1, written without sign or
// leading zeros.
absl::StatusOr<int64_t> ParseVersionNumber(absl::string_view text);

}  // namespace localmamba

#endif  // LOCALMAMBA_SERVER_REPOSITORY_MODEL_FOLDER_H_
