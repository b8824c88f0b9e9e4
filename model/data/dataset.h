// Where a run's images come from. Every field maps to a field of localmamba.v1.Dataset.
#ifndef LOCALMAMBA_MODEL_DATA_DATASET_H_
#define LOCALMAMBA_MODEL_DATA_DATASET_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/data/image_folder.h"

namespace localmamba {

struct DatasetConfig {
  std::string path;             // a folder, or a tar file of one: PATH/PART/CLASS/*.jpg
  std::string train = "train";  // names of the two parts
  std::string validation = "val";
  double max_unreadable_share = 0.01;      // 0 to 1; above it the run fails
  int64_t cache_bytes = int64_t{4} << 30;  // of decoded images kept in memory; 0: none
};

// Errors: INVALID_ARGUMENT naming the field (as in the message, e.g. data.cache_bytes), what was
// found and what was wanted.
absl::Status Validate(const DatasetConfig& config);

// The classes of both are those of `train`.
struct Dataset {
  std::shared_ptr<const ImageFolder> train;
  std::shared_ptr<const ImageFolder> validation;
};

// Errors: those of Validate and of ImageFolder::Open; INVALID_ARGUMENT naming a class of the
// validation part that the training part lacks.
absl::StatusOr<Dataset> OpenDataset(const DatasetConfig& config);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_DATA_DATASET_H_
