#include "server/repository/model_version.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"
#include "model/heads/create_model.h"
#include "model/heads/sliding_engine.h"
#include "model/vision/labels.h"
#include "model/weights/load_weights.h"
#include "server/runtime/steady_time.h"

namespace localmamba {
namespace {

absl::StatusOr<std::vector<std::string>> LoadLabels(const std::string& version_path,
                                                    const ModelSpec& spec) {
  const int64_t classes = NumClasses(spec);
  if (classes == 0) return std::vector<std::string>();
  const std::string path = absl::StrCat(version_path, "/", kLabelsFile);
  std::error_code error;
  if (std::filesystem::exists(path, error)) return ReadLabels(path, classes);
  std::vector<std::string> names = KnownClassNames(spec);
  if (!names.empty()) return names;
  for (int64_t i = 0; i < classes; ++i) names.push_back(absl::StrCat("class_", i));
  return names;
}

// Every engine, and the first once more, on a batch of black images.
absl::StatusOr<WarmBatch> RunOnce(const ModelVersion& version, int64_t images) {
  const InputSize size = LargestInput(version.spec);
  const bool normalized = version.spec.keep_ratio.has_value();
  LM_ASSIGN_OR_RETURN(
      const Tensor input,
      normalized ? AllocateHostTensor(DType::kFloat32, {images, 3, size.height, size.width})
                 : AllocateHostTensor(DType::kUInt8, {images, size.height, size.width, 3}));
  std::memset(input.view().raw_data(), 0,
              static_cast<size_t>(input.elements()) * SizeOf(input.dtype()));
  WarmBatch warm{.images = images};
  for (const std::unique_ptr<Engine>& engine : version.engines) {
    LM_ASSIGN_OR_RETURN(const EngineOutput output, engine->Run(input));
    warm.activation_bytes = output.activation_bytes;
  }
  const absl::Time begin = SteadyNow();
  LM_RETURN_IF_ERROR(version.engines.front()->Run(input).status());
  warm.cost = SteadyNow() - begin;
  return warm;
}

}  // namespace

absl::StatusOr<VersionStamp> StampVersion(const ModelFolder& folder, int64_t version) {
  LM_ASSIGN_OR_RETURN(ModelSpec spec, ReadVersionSpec(folder, version));
  spec.version_labels.clear();
  spec.version_policy = {};
  const std::string path = VersionPath(folder.path, version);
  return VersionStamp{.spec = FormatModelSpec(spec),
                      .weights = StampFile(absl::StrCat(path, "/", kWeightsFile)),
                      .labels = StampFile(absl::StrCat(path, "/", kLabelsFile))};
}

absl::StatusOr<std::shared_ptr<ModelVersion>> LoadModelVersion(const ModelFolder& folder,
                                                               int64_t version,
                                                               const EngineOptions& options,
                                                               int instance_count) {
  const std::string path = VersionPath(folder.path, version);
  auto result = std::make_shared<ModelVersion>();
  result->model = folder.name;
  result->version = version;
  LM_ASSIGN_OR_RETURN(result->stamp, StampVersion(folder, version));
  LM_ASSIGN_OR_RETURN(result->spec, ReadVersionSpec(folder, version));
  LM_ASSIGN_OR_RETURN(result->labels, LoadLabels(path, result->spec));
  result->colors = ClassColors(result->spec);
  LM_ASSIGN_OR_RETURN(result->host_memory, CreateDeviceAllocator(Device::Cpu()));
  absl::StatusOr<std::unique_ptr<Network>> created =
      CreateModel(result->spec.network, result->spec.head);
  if (!created.ok()) return Annotate(created.status(), path);
  std::unique_ptr<Network> network = *std::move(created);
  LM_RETURN_IF_ERROR(LoadWeights(absl::StrCat(path, "/", kWeightsFile), *result->host_memory,
                                 network->parameters()));
  EngineOptions engine_options = options;
  engine_options.normalization = result->spec.preprocess.normalization;
  auto engines = Engine::CreateInstances(std::move(network), engine_options, instance_count);
  if (!engines.ok()) return Annotate(engines.status(), path);
  result->engines = *std::move(engines);
  const auto* segmentation = std::get_if<SegmentationConfig>(&result->spec.head);
  if (segmentation != nullptr && segmentation->slide.has_value()) {
    for (std::unique_ptr<Engine>& engine : result->engines) {
      engine = std::make_unique<SlidingEngine>(std::move(engine), *segmentation->slide);
    }
  }
  return result;
}

absl::Status WarmUp(ModelVersion& version, int64_t max_batch, const std::atomic<bool>* given_up) {
  const std::vector<int64_t> batches = version.spec.keep_ratio.has_value()
                                           ? std::vector<int64_t>{1}
                                           : version.engines.front()->WarmUpBatches(max_batch);
  for (size_t i = 0; i < batches.size(); ++i) {
    if (given_up != nullptr && *given_up) {
      return absl::CancelledError("given up before every size of batch was run");
    }
    const absl::StatusOr<WarmBatch> warm = RunOnce(version, std::min(batches[i], max_batch));
    if (absl::IsResourceExhausted(warm.status()) && i + 1 < batches.size()) {
      // What the others hold of this size must not keep the next from fitting.
      for (const std::unique_ptr<Engine>& engine : version.engines) engine->ReleaseMemory();
      version.warm_batches.clear();
      version.max_batch_size = batches[i + 1];
      continue;
    }
    LM_RETURN_IF_ERROR(warm.status());
    version.warm_batches.push_back(*warm);
  }
  return absl::OkStatus();
}

}  // namespace localmamba
