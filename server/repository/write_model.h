// Puts models into a repository.
#ifndef LOCALMAMBA_SERVER_REPOSITORY_WRITE_MODEL_H_
#define LOCALMAMBA_SERVER_REPOSITORY_WRITE_MODEL_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "kernels/tensor/dtype.h"
#include "model/weights/parameter_set.h"
#include "server/repository/model_spec.h"

namespace localmamba {

struct WriteModelOptions {
  int64_t version = 1;
  DType dtype = DType::kFloat32;  // of the weights: f32, f16 or bf16
  bool overwrite = false;         // of the version and of a model.json that says something else
  std::string labels_json;        // text of a labels.json; "": none is written
  std::string metrics_json;       // text of a metrics.json; "": none is written
};

// Writes <path>/model.json and <path>/<version>/, made if need be. The version appears at once and
// complete. Errors: ALREADY_EXISTS without `overwrite`; INVALID_ARGUMENT for a label of a version
// that is not there; FAILED_PRECONDITION if another model.json would leave other versions
// unreadable, or for a parameter without a value; those of AtomicFile.
absl::Status WriteModel(const std::string& path, const ModelSpec& spec,
                        const ParameterSet& parameters, const WriteModelOptions& options);

}  // namespace localmamba

#endif  // LOCALMAMBA_SERVER_REPOSITORY_WRITE_MODEL_H_
