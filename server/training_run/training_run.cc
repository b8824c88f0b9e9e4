#include "server/training_run/training_run.h"

#include "absl/strings/str_cat.h"
#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"

namespace localmamba {
namespace {

absl::Status Validate(const TrainingSettings& settings) {
  LM_RETURN_IF_ERROR(localmamba::Validate(settings.recipe));
  LM_RETURN_IF_ERROR(localmamba::Validate(settings.augmentation));
  if (settings.augmentation.mixes() && settings.recipe.batch_size % 2 != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("batch_size is ", settings.recipe.batch_size,
                     ", wanted an even number, because mixup or cutmix is on"));
  }
  return absl::OkStatus();
}

absl::Status ValidateModel(const ModelSpec& model) {
  LM_RETURN_IF_ERROR(localmamba::Validate(model));
  if (model.task != ModelTask::kClassification) {
    return absl::InvalidArgumentError("task is TASK_FEATURES, wanted TASK_CLASSIFICATION");
  }
  if (Scan(model.network).supernet) {
    return absl::InvalidArgumentError(
        "scan.supernet is true, wanted false: to search directions, give \"search\"");
  }
  return absl::OkStatus();
}

absl::Status ValidateSearch(const ScanSearch& search, const NetworkConfig& target) {
  LM_RETURN_IF_ERROR(localmamba::Validate(search.search));
  LM_RETURN_IF_ERROR(Annotate(Validate(search.settings), "search.recipe"));
  return MakeSupernet(target, search.search).status();
}

}  // namespace

absl::Status Validate(const TrainingRun& run) {
  LM_RETURN_IF_ERROR(Annotate(ValidateModel(run.model), "model"));
  LM_RETURN_IF_ERROR(Validate(run.data));
  LM_RETURN_IF_ERROR(Annotate(Validate(run.settings), "recipe"));
  if (!run.search.has_value()) return absl::OkStatus();
  if (!run.initial_weights.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "initial_weights is \"", run.initial_weights,
        "\", wanted none with \"search\": the found network has other layers than any weights"));
  }
  return ValidateSearch(*run.search, run.model.network);
}

}  // namespace localmamba
