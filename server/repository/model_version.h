// A version of a model, in memory and ready to run.
#ifndef LOCALMAMBA_SERVER_REPOSITORY_MODEL_VERSION_H_
#define LOCALMAMBA_SERVER_REPOSITORY_MODEL_VERSION_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "model/engine/engine.h"
#include "server/repository/class_table.h"
#include "server/repository/file_stamp.h"
#include "server/repository/model_folder.h"

namespace localmamba {

// A batch size that has been run, what its activations take on the device, and how long a run took
// that was not the first.
struct WarmBatch {
  int64_t images = 0;
  size_t activation_bytes = 0;
  absl::Duration cost;
};

// What a version was made of, to notice that its files have changed since.
struct VersionStamp {
  std::string spec;  // of the network and its input, as text
  std::optional<FileStamp> weights, labels;
  bool operator==(const VersionStamp&) const = default;
};

// Immutable but for the engines, each of which one thread uses at a time.
struct ModelVersion {
  std::string model;
  int64_t version = 0;
  ModelSpec spec;
  std::vector<std::string> labels;  // class names, one per class
  std::vector<Color> colors;        // likewise
  VersionStamp stamp;               // from just before the files were read

  std::unique_ptr<Allocator> host_memory;        // of parameters; outlives the engines
  std::vector<std::unique_ptr<Engine>> engines;  // one or more, which share the network

  // Set by WarmUp: the largest batch that memory suffices for, as far as it is known, and the
  // sizes that were run, largest first.
  int64_t max_batch_size = std::numeric_limits<int64_t>::max();
  std::vector<WarmBatch> warm_batches;
};

// Errors: those of ReadVersionSpec.
absl::StatusOr<VersionStamp> StampVersion(const ModelFolder& folder, int64_t version);

// Reads weights and labels and makes `instance_count` engines. `options.normalization` is replaced
// by that of the spec. Without a labels.json classes have the names of KnownClassNames, or else
// class i is called "class_i".
// Errors: INVALID_ARGUMENT or NOT_FOUND naming the file at fault; those of Engine::Create.
absl::StatusOr<std::shared_ptr<ModelVersion>> LoadModelVersion(const ModelFolder& folder,
                                                               int64_t version,
                                                               const EngineOptions& options,
                                                               int instance_count = 1);

// Runs every engine once, and the first one once more to measure, for each size that batches of up
// to `max_batch` black images of the spec's size come in (Engine::WarmUpBatches). If images keep
// their proportions, batches have too many shapes to run each: then it is one image of the largest
// shape. A size for which the device's memory does not suffice is given up, which makes
// max_batch_size smaller. Errors: those of Engine::Run; RESOURCE_EXHAUSTED only if there is no
// memory for the smallest; CANCELLED once `given_up`, which may be null, is true.
absl::Status WarmUp(ModelVersion& version, int64_t max_batch,
                    const std::atomic<bool>* given_up = nullptr);

}  // namespace localmamba

#endif  // LOCALMAMBA_SERVER_REPOSITORY_MODEL_VERSION_H_
