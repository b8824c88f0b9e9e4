// The engine of a detector or segmenter for `forward`.
#ifndef LOCALMAMBA_TOOL_HEAD_ENGINE_H_
#define LOCALMAMBA_TOOL_HEAD_ENGINE_H_

#include <memory>

#include "absl/status/statusor.h"
#include "kernels/device/buffer.h"
#include "model/engine/engine.h"
#include "tool/engine_flags.h"

namespace localmamba::tool {

// Loads the weights, on their way through `memory`, which is the host's.
// Errors: those of loading the weights and of Engine::Create.
absl::StatusOr<std::unique_ptr<Engine>> MakeHeadEngine(const VersionOnDisk& version,
                                                       const EngineOptions& options,
                                                       Allocator& memory);

}  // namespace localmamba::tool

#endif  // LOCALMAMBA_TOOL_HEAD_ENGINE_H_
