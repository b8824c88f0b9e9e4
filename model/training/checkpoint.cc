#include "model/training/checkpoint.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"
#include "model/weights/safetensors.h"
#include "model/weights/strict_json.h"

namespace localmamba {
namespace {

using nlohmann::json;

constexpr char kMetadataKey[] = "checkpoint";
constexpr int kMaxJsonDepth = 32;
constexpr size_t kMaxListed = 10;

json ToJson(const std::optional<double>& value) {
  return value.has_value() ? json(*value) : json();
}

std::optional<double> OptionalDouble(const json& value) {
  if (value.is_null()) return std::nullopt;
  return value.get<double>();
}

json ToJson(const std::vector<DirectionProbabilities>& layers) {
  json list = json::array();
  for (const DirectionProbabilities& layer : layers) {
    list.push_back(
        {{"probability", layer.probability}, {"entropy", layer.entropy}, {"margin", layer.margin}});
  }
  return list;
}

std::vector<DirectionProbabilities> DirectionsFromJson(const json& list) {
  std::vector<DirectionProbabilities> layers;
  for (const json& layer : list) {
    layers.push_back({.probability = layer.at("probability").get<std::vector<double>>(),
                      .entropy = layer.at("entropy").get<double>(),
                      .margin = layer.at("margin").get<double>()});
  }
  return layers;
}

json ToJson(const EpochResult& epoch) {
  return {{"epoch", epoch.epoch},
          {"train_loss", epoch.train_loss},
          {"validation_loss", ToJson(epoch.validation_loss)},
          {"top1", ToJson(epoch.top1)},
          {"top5", ToJson(epoch.top5)},
          {"seconds", epoch.seconds},
          {"directions", ToJson(epoch.directions)}};
}

EpochResult EpochFromJson(const json& value) {
  return {.epoch = value.at("epoch").get<int64_t>(),
          // JSON has no NaN: null is what an epoch without a good step has.
          .train_loss = OptionalDouble(value.at("train_loss")).value_or(NAN),
          .validation_loss = OptionalDouble(value.at("validation_loss")),
          .top1 = OptionalDouble(value.at("top1")),
          .top5 = OptionalDouble(value.at("top5")),
          .seconds = value.at("seconds").get<double>(),
          .directions = DirectionsFromJson(value.value("directions", json::array()))};
}

json ToJson(const LossScalerState& state) {
  return {{"scale", state.scale},
          {"good_steps", state.good_steps},
          {"skipped_in_row", state.skipped_in_row},
          {"skipped_steps", state.skipped_steps}};
}

LossScalerState ScalerFromJson(const json& value) {
  return {.scale = value.at("scale").get<double>(),
          .good_steps = value.at("good_steps").get<int64_t>(),
          .skipped_in_row = value.at("skipped_in_row").get<int64_t>(),
          .skipped_steps = value.at("skipped_steps").get<int64_t>()};
}

json ToJson(const Checkpoint& checkpoint) {
  const TrainingProgress& progress = checkpoint.progress;
  json epochs = json::array();
  for (const EpochResult& epoch : progress.epochs) epochs.push_back(ToJson(epoch));
  return {{"step", progress.step},
          {"seconds", progress.seconds},
          {"scaler", ToJson(progress.scaler)},
          {"epoch_loss_sum", progress.epoch_loss_sum},
          {"epoch_steps", progress.epoch_steps},
          {"epoch_finite_steps", progress.epoch_finite_steps},
          {"epoch_seconds", progress.epoch_seconds},
          {"epochs", std::move(epochs)},
          {"settings", checkpoint.run.settings},
          {"class_names", checkpoint.run.class_names}};
}

// Throws json::exception if the value is not of this form.
void FromJson(const json& value, Checkpoint& checkpoint) {
  TrainingProgress& progress = checkpoint.progress;
  progress.step = value.at("step").get<int64_t>();
  progress.seconds = value.at("seconds").get<double>();
  progress.scaler = ScalerFromJson(value.at("scaler"));
  // Float16 logits can make a loss infinite and its gradients finite.
  progress.epoch_loss_sum = OptionalDouble(value.at("epoch_loss_sum")).value_or(NAN);
  progress.epoch_steps = value.at("epoch_steps").get<int64_t>();
  progress.epoch_finite_steps = value.at("epoch_finite_steps").get<int64_t>();
  progress.epoch_seconds = value.at("epoch_seconds").get<double>();
  for (const json& epoch : value.at("epochs")) progress.epochs.push_back(EpochFromJson(epoch));
  checkpoint.run.settings = value.at("settings");
  checkpoint.run.class_names = value.at("class_names").get<std::vector<std::string>>();
}

std::string At(const json& object, const std::string& key) {
  return object.contains(key) ? object.at(key).dump() : "nothing";
}

// "/recipe/epochs is 3 in the checkpoint, 5 in this run" for each leaf that differs.
std::vector<std::string> Differences(const json& found, const json& wanted) {
  const json a = found.flatten();
  const json b = wanted.flatten();
  std::set<std::string> keys;
  for (const auto& item : a.items()) keys.insert(item.key());
  for (const auto& item : b.items()) keys.insert(item.key());
  std::vector<std::string> differences;
  for (const std::string& key : keys) {
    const std::string left = At(a, key);
    const std::string right = At(b, key);
    if (left == right) continue;
    differences.push_back(
        absl::StrCat(key, " is ", left, " in the checkpoint, ", right, " in this run"));
  }
  return differences;
}

}  // namespace

absl::Status WriteCheckpoint(const std::string& path, const Checkpoint& checkpoint) {
  return WriteSafetensors(path, checkpoint.tensors, {{kMetadataKey, ToJson(checkpoint).dump()}});
}

absl::StatusOr<Checkpoint> ReadCheckpoint(const std::string& path) {
  LM_ASSIGN_OR_RETURN(SafetensorsFile file, ReadSafetensors(path));
  const auto metadata = file.metadata.find(kMetadataKey);
  if (metadata == file.metadata.end()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": has no metadata \"", kMetadataKey, "\": is not a checkpoint"));
  }
  absl::StatusOr<json> value = ParseStrictJson(metadata->second, kMaxJsonDepth);
  if (!value.ok()) return Annotate(value.status(), path);
  Checkpoint checkpoint;
  try {
    FromJson(*value, checkpoint);
  } catch (const json::exception& error) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": is not a checkpoint of this program: ", error.what()));
  }
  checkpoint.tensors = std::move(file.tensors);
  return checkpoint;
}

absl::Status CheckSameRun(const RunIdentity& found, const RunIdentity& wanted) {
  if (found.class_names != wanted.class_names) {
    return absl::FailedPreconditionError(
        absl::StrCat("the classes are not those that training began with: the checkpoint has ",
                     absl::StrJoin(found.class_names, ", "), "; the data has ",
                     absl::StrJoin(wanted.class_names, ", ")));
  }
  std::vector<std::string> differences = Differences(found.settings, wanted.settings);
  if (differences.empty()) return absl::OkStatus();
  const size_t count = differences.size();
  if (count > kMaxListed) {
    differences.resize(kMaxListed);
    differences.push_back(absl::StrCat("and ", count - kMaxListed, " more"));
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "the settings are not those that training began with: ", absl::StrJoin(differences, "; ")));
}

}  // namespace localmamba
