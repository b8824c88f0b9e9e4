#include "server/repository/model_version.h"

#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"
#include "model/vision/labels.h"
#include "model/weights/load_weights.h"

namespace localmamba {
namespace {

absl::StatusOr<std::vector<std::string>> LoadLabels(const std::string& version_path,
                                                    int64_t classes) {
  if (classes == 0) return std::vector<std::string>();
  const std::string path = absl::StrCat(version_path, "/", kLabelsFile);
  std::error_code error;
  if (std::filesystem::exists(path, error)) return ReadLabels(path, classes);
  std::vector<std::string> names;
  for (int64_t i = 0; i < classes; ++i) names.push_back(absl::StrCat("class_", i));
  return names;
}

}  // namespace

absl::StatusOr<std::shared_ptr<ModelVersion>> LoadModelVersion(const ModelFolder& folder,
                                                               int64_t version,
                                                               const EngineOptions& options) {
  const std::string path = VersionPath(folder.path, version);
  auto result = std::make_shared<ModelVersion>();
  result->model = folder.name;
  result->version = version;
  LM_ASSIGN_OR_RETURN(result->spec, ReadVersionSpec(folder, version));
  LM_ASSIGN_OR_RETURN(result->labels, LoadLabels(path, NumClasses(result->spec.network)));
  LM_ASSIGN_OR_RETURN(result->host_memory, CreateDeviceAllocator(Device::Cpu()));
  LM_ASSIGN_OR_RETURN(std::unique_ptr<Network> network, CreateNetwork(result->spec.network));
  LM_RETURN_IF_ERROR(LoadWeights(absl::StrCat(path, "/", kWeightsFile), *result->host_memory,
                                 network->parameters()));
  EngineOptions engine_options = options;
  engine_options.normalization = result->spec.preprocess.normalization;
  auto engine = Engine::Create(std::move(network), engine_options);
  if (!engine.ok()) return Annotate(engine.status(), path);
  result->engine = *std::move(engine);
  return result;
}

absl::Status WarmUp(ModelVersion& version) {
  const PreprocessConfig& preprocess = version.spec.preprocess;
  const Shape shape = {1, preprocess.crop_height, preprocess.crop_width, 3};
  LM_ASSIGN_OR_RETURN(const Tensor image, AllocateHostTensor(DType::kUInt8, shape));
  std::memset(image.view().raw_data(), 0, static_cast<size_t>(image.elements()));
  return version.engine->Run(image).status();
}

}  // namespace localmamba
