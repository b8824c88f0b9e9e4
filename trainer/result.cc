#include "trainer/result.h"

#include <memory>
#include <utility>

#include "absl/strings/string_view.h"
#include "kernels/base/status_macros.h"
#include "model/networks/complexity.h"
#include "model/networks/network.h"
#include "model/vision/labels.h"
#include "model/weights/atomic_file.h"
#include "model/weights/load_weights.h"
#include "server/repository/json_layout.h"
#include "server/repository/proto_json.h"
#include "server/repository/write_model.h"
#include "server/training_run/recipe_proto.h"
#include "trainer/report_values.h"

namespace localmamba::trainer {
namespace {

using nlohmann::ordered_json;

using trainer::ToJson;  // of single numbers

ordered_json ToJson(const std::vector<DirectionProbabilities>& directions) {
  ordered_json layers = ordered_json::array();
  for (const DirectionProbabilities& layer : directions) {
    layers.push_back(
        {{"probability", layer.probability}, {"entropy", layer.entropy}, {"margin", layer.margin}});
  }
  return layers;
}

ordered_json ToJson(const EpochResult& epoch) {
  return {{"epoch", epoch.epoch},
          {"train_loss", epoch.train_loss},
          {"validation_loss", ToJson(epoch.validation_loss)},
          {"top1", ToJson(epoch.top1)},
          {"top5", ToJson(epoch.top5)},
          {"seconds", epoch.seconds}};
}

ordered_json ToJson(const PhaseResult& phase) {
  ordered_json epochs = ordered_json::array();
  for (const EpochResult& epoch : phase.progress.epochs) epochs.push_back(ToJson(epoch));
  return {{"steps", phase.progress.step},
          {"skipped_steps", phase.progress.scaler.skipped_steps},
          {"seconds", phase.progress.seconds},
          {"peak_memory_bytes", phase.peak_memory_bytes},
          {"unreadable_images", phase.unreadable_images},
          {"epochs", std::move(epochs)}};
}

ordered_json Candidates(const SearchOutcome& outcome) {
  ordered_json candidates = ordered_json::array();
  for (const ScanDirection& direction : outcome.search.search.candidates) {
    candidates.push_back(direction.ToString());
  }
  return candidates;
}

// By epoch; too long for metrics.json, which servers send for every version.
ordered_json Probabilities(const SearchOutcome& outcome) {
  ordered_json epochs = ordered_json::array();
  for (const EpochResult& epoch : outcome.phase.progress.epochs) {
    epochs.push_back({{"epoch", epoch.epoch}, {"layers", ToJson(epoch.directions)}});
  }
  return {{"candidates", Candidates(outcome)}, {"epochs", std::move(epochs)}};
}

ordered_json ToJson(const SearchOutcome& outcome) {
  ordered_json json = ToJson(outcome.phase);
  json["candidates"] = Candidates(outcome);
  json["layers"] = ToJson(outcome.phase.directions);
  json["recipe"] = ProtoToJson(RecipeToProto(outcome.search.settings));
  return json;
}

}  // namespace

absl::StatusOr<std::string> FormatMetrics(const RunOutcome& outcome, const PhaseContext& context) {
  const PreprocessConfig& fed = outcome.model.preprocess;
  LM_ASSIGN_OR_RETURN(const Complexity complexity,
                      CountComplexity(outcome.model.network, fed.crop_height, fed.crop_width));
  ordered_json json = ordered_json::object();
  if (outcome.training.has_value() && !outcome.training->progress.epochs.empty()) {
    const EpochResult& last = outcome.training->progress.epochs.back();
    json["top1"] = ToJson(last.top1);
    json["top5"] = ToJson(last.top5);
    json["train_loss"] = last.train_loss;
    json["validation_loss"] = ToJson(last.validation_loss);
  }
  json["parameters"] = complexity.total.parameters;
  json["macs"] = complexity.total.macs;
  json["official_macs"] = complexity.total.official_macs;
  json["train_images"] = context.images.train_images();
  json["validation_images"] = context.images.validation_images();
  json["device"] = context.device.ToString();
  json["seed"] = outcome.settings.recipe.seed;
  json["recipe"] = ProtoToJson(RecipeToProto(outcome.settings));
  if (outcome.training.has_value()) json["training"] = ToJson(*outcome.training);
  if (outcome.search.has_value()) json["search"] = ToJson(*outcome.search);
  return LayOutJson(json);
}

absl::StatusOr<std::string> WriteResult(const RunOutcome& outcome, const NamedTensors& weights,
                                        const PhaseContext& context) {
  LM_ASSIGN_OR_RETURN(const std::unique_ptr<Allocator> memory,
                      CreateDeviceAllocator(Device::Cpu()));
  LM_ASSIGN_OR_RETURN(const std::unique_ptr<Network> network, CreateNetwork(outcome.model.network));
  LM_RETURN_IF_ERROR(AssignWeights(weights, *memory, network->parameters()));
  WriteModelOptions options{.dtype = outcome.weights_dtype, .overwrite = true};
  const std::vector<absl::string_view> classes(context.images.classes().begin(),
                                               context.images.classes().end());
  options.labels_json = FormatLabels(classes);
  LM_ASSIGN_OR_RETURN(options.metrics_json, FormatMetrics(outcome, context));
  if (outcome.search.has_value()) {
    LM_RETURN_IF_ERROR(WriteFileAtomically(context.output + "/search/probabilities.json",
                                           LayOutJson(Probabilities(*outcome.search))));
  }
  std::string folder = context.output + "/result";
  LM_RETURN_IF_ERROR(WriteModel(folder, outcome.model, network->parameters(), options));
  return folder;
}

}  // namespace localmamba::trainer
