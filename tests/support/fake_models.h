// Versions of models on fake engines, for tests of serving.
#ifndef LOCALMAMBA_TESTS_SUPPORT_FAKE_MODELS_H_
#define LOCALMAMBA_TESTS_SUPPORT_FAKE_MODELS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/repository/model_version.h"
#include "tests/support/fake_engine.h"

namespace localmamba::server {

// Ten classes named "class 0" to "class 9"; images are resized and cropped to 8 x 8. A picture of
// one colour keeps it, so its class is its red value modulo 10. Version 1 has the label "stable".
inline std::shared_ptr<ModelVersion> FakeVersion(const std::string& name, int64_t number,
                                                 const std::shared_ptr<FakeEngineControl>& control,
                                                 int instances = 1) {
  constexpr int64_t kClasses = 10;
  auto version = std::make_shared<ModelVersion>();
  version->model = name;
  version->version = number;
  LocalVimConfig network;
  network.num_classes = kClasses;
  network.embed_dim = FakeEngine::kPooledWidth;
  version->spec.network = network;
  version->spec.preprocess.resize_short_side = 8;
  version->spec.preprocess.crop_height = 8;
  version->spec.preprocess.crop_width = 8;
  version->spec.version_labels = {{"stable", 1}};
  version->spec.description = "answers from the first pixel";
  for (int64_t i = 0; i < kClasses; ++i) version->labels.push_back(absl::StrCat("class ", i));
  version->colors = ClassColors(version->spec);
  for (int i = 0; i < instances; ++i) {
    version->engines.push_back(std::make_unique<FakeEngine>(kClasses, control));
  }
  return version;
}

}  // namespace localmamba::server

#endif  // LOCALMAMBA_TESTS_SUPPORT_FAKE_MODELS_H_
