#include "server/pipeline/model_index.h"

namespace localmamba::server {
namespace {

constexpr char kUnavailable[] = "UNAVAILABLE";

std::string IndexState(VersionState state) {
  switch (state) {
    case VersionState::kServing:
      return "READY";
    case VersionState::kLoading:
      return "LOADING";
    case VersionState::kUnloading:
      return "UNLOADING";
    case VersionState::kUnloaded:
    case VersionState::kFailed:
      return kUnavailable;
  }
  return "";
}

std::string Reason(const ModelStatus& model, const VersionStatus& version) {
  if (!version.message.empty()) return version.message;
  if (!model.message.empty()) return model.message;
  return version.state == VersionState::kUnloaded ? "unloaded" : "";
}

}  // namespace

std::vector<IndexEntry> IndexOf(const std::vector<ModelStatus>& models) {
  std::vector<IndexEntry> index;
  for (const ModelStatus& model : models) {
    for (const VersionStatus& version : model.versions) {
      index.push_back({.model = model.name,
                       .version = version.version,
                       .state = IndexState(version.state),
                       .reason = Reason(model, version)});
    }
    if (model.versions.empty()) {
      index.push_back({.model = model.name,
                       .version = 0,
                       .state = model.message.empty() ? "" : kUnavailable,
                       .reason = model.message});
    }
  }
  return index;
}

}  // namespace localmamba::server
