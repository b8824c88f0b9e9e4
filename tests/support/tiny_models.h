// Versions of tiny models with seeded weights, for tests of serving.
#ifndef LOCALMAMBA_TESTS_SUPPORT_TINY_MODELS_H_
#define LOCALMAMBA_TESTS_SUPPORT_TINY_MODELS_H_

#include <memory>
#include <string>

#include "kernels/base/check.h"
#include "server/repository/model_version.h"
#include "tests/support/tiny_repository.h"

namespace localmamba {

// Version 1 of a model of this name, written and loaded.
inline std::shared_ptr<ModelVersion> TinyVersion(const std::string& name, const ModelSpec& spec) {
  const TinyRepository repository;
  LM_CHECK(repository.Write(name, 1, spec).ok());
  const auto folder = ReadModelFolder((repository.path() / name).string());
  LM_CHECK(folder.ok());
  EngineOptions options;
  options.cpu_threads = 1;
  auto version = LoadModelVersion(*folder, 1, options);
  LM_CHECK(version.ok());
  return *std::move(version);
}

}  // namespace localmamba

#endif  // LOCALMAMBA_TESTS_SUPPORT_TINY_MODELS_H_
