#include "model/engine/engine.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kernels/base/check.h"
#include "kernels/base/status_macros.h"
#include "model/engine/cpu_engine.h"
#include "model/engine/graph_engine.h"
#include "model/engine/packed_network.h"

namespace localmamba {
namespace {

// Of each of `count` engines.
absl::StatusOr<int> ThreadsOfEach(const EngineOptions& options, int count) {
  if (!options.device.is_cpu()) return 0;
  LM_ASSIGN_OR_RETURN(const Stream stream, Stream::Create(options.device, options.cpu_threads));
  return std::max(1, stream.cpu_threads() / count);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Engine>> Engine::Create(std::unique_ptr<Network> network,
                                                       const EngineOptions& options) {
  LM_ASSIGN_OR_RETURN(std::vector<std::unique_ptr<Engine>> engines,
                      CreateInstances(std::move(network), options, 1));
  return std::move(engines.front());
}

absl::StatusOr<std::vector<std::unique_ptr<Engine>>> Engine::CreateInstances(
    std::unique_ptr<Network> network, const EngineOptions& options, int count) {
  LM_CHECK(count >= 1);
  if (options.device.is_cpu() && options.dtype != DType::kFloat32) {
    return absl::UnimplementedError(
        absl::StrCat("engine: ", ToString(options.dtype), " on cpu, wanted f32"));
  }
  if (options.stages && !options.device.is_cpu()) {
    return absl::UnimplementedError(
        absl::StrCat("engine: stages on ", options.device.ToString(), ", wanted cpu"));
  }
  LM_ASSIGN_OR_RETURN(const int threads, ThreadsOfEach(options, count));
  LM_ASSIGN_OR_RETURN(const std::shared_ptr<PackedNetwork> packed,
                      PackedNetwork::Create(std::move(network), options));
  std::vector<std::unique_ptr<Engine>> engines;
  for (int i = 0; i < count; ++i) {
    LM_ASSIGN_OR_RETURN(engines.emplace_back(), options.device.is_cpu()
                                                    ? CpuEngine::Create(packed, threads)
                                                    : GraphEngine::Create(packed));
  }
  return engines;
}

}  // namespace localmamba
