// What is in the repository, in the words of the Open Inference Protocol's RepositoryIndex.
#ifndef LOCALMAMBA_SERVER_PIPELINE_MODEL_INDEX_H_
#define LOCALMAMBA_SERVER_PIPELINE_MODEL_INDEX_H_

#include <cstdint>
#include <string>
#include <vector>

#include "server/pipeline/model_manager.h"

namespace localmamba::server {

struct IndexEntry {
  std::string model;
  int64_t version = 0;  // 0: the model has none, or cannot be read
  std::string state;    // "READY", "LOADING", "UNLOADING" or "UNAVAILABLE"; "" without versions
  std::string reason;   // why it is not READY, or why another load failed while it is
};

// One entry for each version of each of `models` (ModelManager::List), in that order, or for a model
// without versions.
std::vector<IndexEntry> IndexOf(const std::vector<ModelStatus>& models);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_PIPELINE_MODEL_INDEX_H_
