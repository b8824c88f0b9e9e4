#include "server/repository/change_model.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"
#include "model/weights/atomic_file.h"

namespace localmamba {
namespace {

namespace fs = std::filesystem;

absl::Status FileError(const fs::path& path, absl::string_view what, const std::error_code& error) {
  return absl::ErrnoToStatus(error.value(), absl::StrCat(path.string(), ": ", what));
}

// Makes what was written to the file system of `folder`, and the names in it, durable.
absl::Status Flush(const fs::path& folder) {
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat(folder.string(), ": cannot open"));
  }
  const absl::Cleanup close_descriptor = [descriptor] { close(descriptor); };
  if (syncfs(descriptor) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat(folder.string(), ": cannot flush"));
}

std::string ReadText(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The model's folder; if it is not there, it is made with the spec of `result`, and appears with it.
absl::StatusOr<ModelFolder> FindOrMakeModel(const ModelFolder& result,
                                            const std::string& model_path) {
  std::error_code error;
  if (fs::exists(model_path, error)) return ReadModelFolder(model_path);
  const fs::path path = model_path;
  const fs::path temporary =
      path.parent_path() / absl::StrCat(".", path.filename().string(), ".published");
  fs::create_directories(temporary, error);
  if (error) return FileError(model_path, "cannot create", error);
  const absl::Cleanup remove_temporary = [&] {
    std::error_code ignored;
    fs::remove_all(temporary, ignored);
  };
  ModelSpec spec = result.spec;
  spec.version_labels.clear();
  spec.version_policy = {};
  LM_RETURN_IF_ERROR(WriteModelSpec(spec, (temporary / kSpecFile).string()));
  fs::rename(temporary, path, error);
  if (error) return FileError(model_path, "cannot rename into place", error);
  return ReadModelFolder(model_path);
}

std::string HighestVersionPath(const std::string& model_path) {
  return (fs::path(model_path) / ".highest_version").string();
}

// The largest number that a version of the model has ever had, as far as that is known.
int64_t HighestVersion(const ModelFolder& model) {
  int64_t highest = model.versions.empty() ? 0 : model.versions.back();
  int64_t remembered = 0;
  if (absl::SimpleAtoi(ReadText(HighestVersionPath(model.path)), &remembered)) {
    highest = std::max(highest, remembered);
  }
  return highest;
}

absl::Status RememberHighestVersion(const ModelFolder& model) {
  return WriteFileAtomically(HighestVersionPath(model.path),
                             absl::StrCat(HighestVersion(model), "\n"));
}

// Whether DeleteVersion and PublishVersion make folders of this name.
bool IsLeftover(const fs::path& name) {
  const std::string text = name.string();
  return absl::StartsWith(text, ".") &&
         (absl::EndsWith(text, ".deleted") || absl::EndsWith(text, ".published"));
}

absl::Status RemoveLeftoversIn(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> leftovers;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (IsLeftover(it->path().filename())) leftovers.push_back(it->path());
  }
  if (error) return FileError(folder, "cannot list", error);
  for (const fs::path& path : leftovers) {
    fs::remove_all(path, error);
    if (error) return FileError(path, "cannot remove", error);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckModelName(absl::string_view name) {
  bool good = !name.empty() && absl::ascii_isalnum(static_cast<unsigned char>(name[0]));
  for (const char c : name) {
    good = good &&
           (absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '.');
  }
  if (good && name.size() <= 128) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("model: found \"", name.substr(0, 128),
                   "\", wanted at most 128 letters, digits, \"_\", \"-\" and \".\", the first a "
                   "letter or digit"));
}

absl::Status SetVersionLabel(ModelFolder& folder, const std::string& label, int64_t version) {
  ModelSpec spec = folder.spec;
  if (version != 0) {
    spec.version_labels[label] = version;
  } else if (spec.version_labels.erase(label) == 0) {
    return absl::NotFoundError(
        absl::StrCat("model \"", folder.name, "\" has no version label \"", label, "\""));
  }
  LM_RETURN_IF_ERROR(Validate(spec));
  LM_RETURN_IF_ERROR(WriteModelSpec(spec, absl::StrCat(folder.path, "/", kSpecFile)));
  folder.spec = spec;
  return absl::OkStatus();
}

absl::Status DeleteVersion(const ModelFolder& folder, int64_t version) {
  for (const auto& [label, number] : folder.spec.version_labels) {
    if (number != version) continue;
    return absl::FailedPreconditionError(absl::StrCat("version ", version, " of model \"",
                                                      folder.name, "\" has the label \"", label,
                                                      "\", wanted one without labels"));
  }
  const fs::path path = VersionPath(folder.path, version);
  const fs::path hidden = fs::path(folder.path) / absl::StrCat(".", version, ".deleted");
  LM_RETURN_IF_ERROR(RememberHighestVersion(folder));
  std::error_code error;
  fs::remove_all(hidden, error);
  if (!error) fs::rename(path, hidden, error);
  if (!error) fs::remove_all(hidden, error);
  if (error) return FileError(path, "cannot remove", error);
  return absl::OkStatus();
}

absl::StatusOr<int64_t> PublishVersion(const std::string& result, const std::string& model_path,
                                       const std::string& job_json) {
  LM_ASSIGN_OR_RETURN(const ModelFolder source, ReadModelFolder(result));
  if (source.versions.size() != 1) {
    return absl::InvalidArgumentError(absl::StrCat(result, ": has ", source.versions.size(),
                                                   " versions, wanted the one that was made"));
  }
  LM_ASSIGN_OR_RETURN(const ModelFolder model, FindOrMakeModel(source, model_path));
  for (const int64_t version : model.versions) {
    if (ReadText(fs::path(VersionPath(model.path, version)) / kJobFile) == job_json) return version;
  }
  const int64_t next = HighestVersion(model) + 1;
  // A hidden folder, which readers ignore until it is renamed.
  const fs::path temporary = fs::path(model_path) / absl::StrCat(".", next, ".published");
  std::error_code error;
  fs::remove_all(temporary, error);
  const absl::Cleanup remove_temporary = [&] {
    std::error_code ignored;
    fs::remove_all(temporary, ignored);
  };
  fs::copy(VersionPath(result, source.versions[0]), temporary, fs::copy_options::recursive, error);
  if (error) return FileError(temporary, "cannot copy to it", error);
  ModelSpec spec = source.spec;
  spec.version_labels.clear();
  spec.version_policy = {};
  LM_RETURN_IF_ERROR(WriteModelSpec(spec, (temporary / kSpecFile).string()));
  LM_RETURN_IF_ERROR(WriteFileAtomically((temporary / kJobFile).string(), job_json));
  LM_RETURN_IF_ERROR(Flush(temporary));
  // A version that somebody else has put there meanwhile makes this fail.
  fs::rename(temporary, VersionPath(model_path, next), error);
  if (error) return FileError(VersionPath(model_path, next), "cannot rename into place", error);
  LM_RETURN_IF_ERROR(Flush(model_path));
  return next;
}

absl::Status RemoveLeftovers(const std::string& repository_path) {
  LM_RETURN_IF_ERROR(RemoveLeftoversIn(repository_path));
  std::error_code error;
  for (fs::directory_iterator it(repository_path, error), end; !error && it != end;
       it.increment(error)) {
    std::error_code ignored;
    const bool hidden = absl::StartsWith(it->path().filename().string(), ".");
    if (hidden || !it->is_directory(ignored)) continue;
    LM_RETURN_IF_ERROR(RemoveLeftoversIn(it->path()));
  }
  if (error) return FileError(repository_path, "cannot list", error);
  return absl::OkStatus();
}

}  // namespace localmamba
