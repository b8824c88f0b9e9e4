#include "model/data/dataset.h"

#include <utility>

#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"
#include "model/data/check_option.h"
#include "model/data/file_tree.h"

namespace localmamba {
namespace {

absl::StatusOr<Dataset> OpenParts(const std::shared_ptr<const FileTree>& tree,
                                  const DatasetConfig& config) {
  LM_ASSIGN_OR_RETURN(ImageFolder train, ImageFolder::Open(tree, config.train));
  LM_ASSIGN_OR_RETURN(const ImageFolder own, ImageFolder::Open(tree, config.validation));
  LM_ASSIGN_OR_RETURN(ImageFolder validation, own.Relabel(train.classes()));
  return Dataset{std::make_shared<const ImageFolder>(std::move(train)),
                 std::make_shared<const ImageFolder>(std::move(validation))};
}

}  // namespace

absl::Status Validate(const DatasetConfig& config) {
  LM_RETURN_IF_ERROR(
      CheckOption("data.path", "\"\"", !config.path.empty(), "a folder or tar file"));
  LM_RETURN_IF_ERROR(CheckOption("data.train", "\"\"", !config.train.empty(), "a folder's name"));
  LM_RETURN_IF_ERROR(
      CheckOption("data.validation", "\"\"", !config.validation.empty(), "a folder's name"));
  LM_RETURN_IF_ERROR(CheckShare("data.max_unreadable_share", config.max_unreadable_share));
  return CheckAtLeast("data.cache_bytes", config.cache_bytes, 0);
}

absl::StatusOr<Dataset> OpenDataset(const DatasetConfig& config) {
  LM_RETURN_IF_ERROR(Validate(config));
  absl::StatusOr<std::unique_ptr<FileTree>> tree = FileTree::Open(config.path);
  if (!tree.ok()) return Annotate(tree.status(), "data.path");
  absl::StatusOr<Dataset> dataset = OpenParts(*std::move(tree), config);
  if (!dataset.ok()) return Annotate(dataset.status(), config.path);
  return dataset;
}

}  // namespace localmamba
