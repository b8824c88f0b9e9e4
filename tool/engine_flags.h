// Flags of the commands that run a model: which one, and on what.
#ifndef LOCALMAMBA_TOOL_ENGINE_FLAGS_H_
#define LOCALMAMBA_TOOL_ENGINE_FLAGS_H_

#include <cstdint>
#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "server/repository/model_version.h"

namespace localmamba::tool {

// A version of a model on disk.
struct VersionOnDisk {
  ModelFolder folder;
  int64_t version = 0;
  ModelSpec spec;
};

// --model (or the first argument), --version, --device, --dtype and --threads.
class EngineFlags {
 public:
  void AddFlags(CLI::App& app);

  // Errors: NOT_FOUND, INVALID_ARGUMENT; those of Device::Parse and LoadModelVersion.
  [[nodiscard]] absl::StatusOr<std::shared_ptr<ModelVersion>> Load() const;

  // What --model and --version name, without its weights. Errors: NOT_FOUND, INVALID_ARGUMENT.
  [[nodiscard]] absl::StatusOr<VersionOnDisk> Find() const;

  [[nodiscard]] absl::StatusOr<EngineOptions> Options() const;

 private:
  std::string model_;
  std::string version_;
  std::string device_ = "cpu";
  std::string dtype_ = "f32";
  int threads_ = 0;
};

}  // namespace localmamba::tool

#endif  // LOCALMAMBA_TOOL_ENGINE_FLAGS_H_
