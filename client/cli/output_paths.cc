#include "client/cli/output_paths.h"

#include <filesystem>
#include <set>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace localmamba::client {
namespace {

namespace fs = std::filesystem;

bool IsPngName(const std::string& path) {
  return absl::EndsWith(absl::AsciiStrToLower(path), ".png");
}

// The same file, whatever the two are called.
bool AreSame(const std::string& a, const std::string& b) {
  std::error_code ignored;  // one that is not there is not the same
  return fs::equivalent(a, b, ignored);
}

std::vector<std::string> PathsIn(const fs::path& folder, const std::vector<std::string>& images) {
  std::vector<std::string> paths;
  std::set<std::string> taken;
  for (const std::string& image : images) {
    const std::string stem = fs::path(image).stem().string();
    std::string name = stem;
    for (int i = 2; !taken.insert(name).second; ++i) name = absl::StrCat(stem, "-", i);
    paths.push_back((folder / (name + ".png")).string());
  }
  return paths;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> OutputPaths(const std::vector<std::string>& images,
                                                     const std::string& out) {
  const auto refuse = [&](const std::string& why) {
    return absl::InvalidArgumentError(absl::StrCat(out, ": ", why));
  };
  std::error_code error;
  const bool folder = absl::EndsWith(out, "/") || fs::is_directory(out, error);
  std::vector<std::string> paths = {out};
  if (folder || images.size() > 1) {
    if (!folder && IsPngName(out)) {
      return refuse(absl::StrCat("found the name of one picture, wanted a folder for those of ",
                                 images.size(), " images"));
    }
    fs::create_directories(out, error);
    if (!fs::is_directory(out)) return refuse("cannot be made a folder");
    paths = PathsIn(out, images);
  } else if (!IsPngName(out)) {
    return refuse("found another extension, wanted .png, or a folder (end it with a slash)");
  }
  for (const std::string& path : paths) {
    for (const std::string& image : images) {
      if (AreSame(path, image)) return refuse(absl::StrCat("would be written over ", image));
    }
  }
  return paths;
}

}  // namespace localmamba::client
