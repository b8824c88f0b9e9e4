#include "tool/engine_flags.h"

#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"

namespace localmamba::tool {

void EngineFlags::AddFlags(CLI::App& app) {
  app.add_option("--model,model", model_, "Model folder")->required();
  app.add_option("--version", version_, "Version number or label (default: the newest)");
  app.add_option("--device", device_, "cpu, cuda, cuda:N or auto")->capture_default_str();
  app.add_option("--dtype", dtype_, "Type of the activations")
      ->check(CLI::IsMember({"f32", "f16", "bf16"}))
      ->capture_default_str();
  app.add_option("--threads", threads_, "Threads on the CPU; 0: all there are")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
}

absl::StatusOr<EngineOptions> EngineFlags::Options() const {
  EngineOptions options;
  absl::StatusOr<Device> device = Device::Parse(device_);
  if (!device.ok()) return Annotate(device.status(), "--device");
  options.device = *device;
  LM_ASSIGN_OR_RETURN(options.dtype, ParseDType(dtype_));
  options.cpu_threads = threads_;
  return options;
}

absl::StatusOr<VersionOnDisk> EngineFlags::Find() const {
  VersionOnDisk found;
  LM_ASSIGN_OR_RETURN(found.folder, ReadModelFolder(model_));
  LM_ASSIGN_OR_RETURN(found.version, ResolveVersion(found.folder, version_));
  LM_ASSIGN_OR_RETURN(found.spec, ReadVersionSpec(found.folder, found.version));
  return found;
}

absl::StatusOr<std::shared_ptr<ModelVersion>> EngineFlags::Load() const {
  LM_ASSIGN_OR_RETURN(const EngineOptions options, Options());
  LM_ASSIGN_OR_RETURN(const VersionOnDisk found, Find());
  return LoadModelVersion(found.folder, found.version, options);
}

}  // namespace localmamba::tool
