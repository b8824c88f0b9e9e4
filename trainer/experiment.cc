#include "trainer/experiment.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"
#include "model/search/supernet.h"
#include "server/training_run/training_run_proto.h"

namespace localmamba::trainer {
namespace {

constexpr size_t kMaxName = 24;  // a column of the table is so wide

v1::ScanSpec& MutableScan(v1::ModelSpec& model) {
  return model.has_local_vmamba() ? *model.mutable_local_vmamba()->mutable_scan()
                                  : *model.mutable_local_vim()->mutable_scan();
}

absl::Status CheckSeeds(absl::Span<const int64_t> seeds, absl::string_view field) {
  if (seeds.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(field, " is empty, wanted at least 1"));
  }
  for (size_t i = 0; i < seeds.size(); ++i) {
    if (seeds[i] < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat(field, "[", i, "] is ", seeds[i], ", wanted a number from 0"));
    }
    const auto before = seeds.first(i);
    if (std::find(before.begin(), before.end(), seeds[i]) != before.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat(field, " has ", seeds[i], " twice, wanted different seeds"));
    }
  }
  return absl::OkStatus();
}

bool IsName(absl::string_view text) {
  return !text.empty() && text.size() <= kMaxName &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
         });
}

absl::Status CheckBase(const v1::TrainingRun& base) {
  if (!base.model().has_local_vim() && !base.model().has_local_vmamba()) {
    return absl::InvalidArgumentError(
        "base.model: no network is given, wanted local_vim or local_vmamba");
  }
  if (base.has_search()) {
    return absl::InvalidArgumentError("base.search is given, wanted it in a variant");
  }
  return absl::OkStatus();
}

absl::Status CheckNames(const v1::Experiment& experiment) {
  if (experiment.variants().empty()) {
    return absl::InvalidArgumentError("variants is empty, wanted at least 1");
  }
  for (int i = 0; i < experiment.variants_size(); ++i) {
    const std::string& name = experiment.variants(i).name();
    if (!IsName(name)) {
      return absl::InvalidArgumentError(absl::StrCat("variants[", i, "].name is \"", name,
                                                     "\", wanted 1 to ", kMaxName,
                                                     " letters, digits, \"_\" and \"-\""));
    }
    for (int before = 0; before < i; ++before) {
      if (experiment.variants(before).name() != name) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("variants has the name \"", name, "\" twice, wanted different names"));
    }
  }
  return absl::OkStatus();
}

std::string FixedText(const v1::FixedDirections& fixed) {
  return absl::StrJoin(fixed.layers(), " | ", [](std::string* out, const v1::LayerSpec& layer) {
    absl::StrAppend(out, absl::StrJoin(layer.directions(), " "));
  });
}

std::string DirectionsText(const v1::ExperimentVariant& variant) {
  switch (variant.directions_case()) {
    case v1::ExperimentVariant::kFixed:
      return FixedText(variant.fixed());
    case v1::ExperimentVariant::kRandom:
      return "random";
    case v1::ExperimentVariant::kSearch:
      return "search";
    case v1::ExperimentVariant::DIRECTIONS_NOT_SET:
      break;
  }
  return "base";
}

std::string AttentionText(AttentionKind attention) {
  switch (attention) {
    case AttentionKind::kNone:
      return "none";
    case AttentionKind::kChannelSpatial:
      return "channel_spatial";
    case AttentionKind::kChannel:
      break;
  }
  return "channel";
}

absl::Status SetFixed(const v1::FixedDirections& fixed, v1::ModelSpec& model) {
  v1::ScanSpec& scan = MutableScan(model);
  const int layers = scan.layers_size();
  if (fixed.layers_size() != 1 && fixed.layers_size() != layers) {
    return absl::InvalidArgumentError(
        absl::StrCat("fixed.layers has ", fixed.layers_size(),
                     " entries, wanted 1 or as many as base.model has, which is ", layers));
  }
  for (int i = 0; i < layers; ++i) {
    *scan.mutable_layers(i) = fixed.layers(fixed.layers_size() == 1 ? 0 : i);
  }
  return absl::OkStatus();
}

absl::Status SetRandom(const v1::RandomDirections& random, int64_t list_seed,
                       v1::ModelSpec& model) {
  SearchConfig config;
  if (!random.candidates().empty()) config.candidates.clear();
  for (const std::string& name : random.candidates()) {
    const auto direction = ScanDirection::Parse(name);
    if (!direction.ok()) return Annotate(direction.status(), "random.candidates");
    config.candidates.push_back(*direction);
  }
  if (random.has_directions_per_layer()) {
    config.directions_per_layer = random.directions_per_layer();
  }
  LM_RETURN_IF_ERROR(Annotate(Validate(config), "random"));
  v1::ScanSpec& scan = MutableScan(model);
  const auto drawn = RandomDirections(config, static_cast<size_t>(scan.layers_size()),
                                      static_cast<uint64_t>(list_seed));
  for (size_t i = 0; i < drawn.size(); ++i) {
    v1::LayerSpec* layer = scan.mutable_layers(static_cast<int>(i));
    layer->clear_directions();
    for (const ScanDirection& direction : drawn[i]) layer->add_directions(direction.ToString());
  }
  return absl::OkStatus();
}

absl::Status SetSearch(const v1::ScanSearch& search, int64_t seed, v1::TrainingRun& run) {
  if (search.has_retrain() && !search.retrain()) {
    return absl::InvalidArgumentError("search.retrain is false, wanted true: accuracy is compared");
  }
  *run.mutable_search() = search;
  if (search.has_recipe()) run.mutable_search()->mutable_recipe()->set_seed(seed);
  return absl::OkStatus();
}

// The run of one variant, seed and, for random directions, list.
absl::StatusOr<PlannedRun> PlanRun(const v1::TrainingRun& base,
                                   const v1::ExperimentVariant& variant, int64_t seed,
                                   std::optional<int64_t> list_seed) {
  PlannedRun planned{.seed = seed, .list_seed = list_seed, .proto = base};
  planned.folder = absl::StrCat("runs/", variant.name(), "/",
                                list_seed.has_value() ? absl::StrCat("list-", *list_seed, "-") : "",
                                "seed-", seed);
  v1::TrainingRun& run = planned.proto;
  run.mutable_recipe()->set_seed(seed);
  if (variant.attention() != v1::ATTENTION_UNSPECIFIED) {
    MutableScan(*run.mutable_model()).set_attention(variant.attention());
  }
  if (variant.has_fixed()) LM_RETURN_IF_ERROR(SetFixed(variant.fixed(), *run.mutable_model()));
  if (list_seed.has_value()) {
    LM_RETURN_IF_ERROR(SetRandom(variant.random(), *list_seed, *run.mutable_model()));
  }
  if (variant.has_search()) LM_RETURN_IF_ERROR(SetSearch(variant.search(), seed, run));
  LM_ASSIGN_OR_RETURN(planned.run, TrainingRunFromProto(run));
  return planned;
}

// Those of one seed.
absl::StatusOr<std::vector<PlannedRun>> PlanVariant(const v1::TrainingRun& base,
                                                    const v1::ExperimentVariant& variant,
                                                    int64_t seed) {
  std::vector<std::optional<int64_t>> lists = {std::nullopt};
  if (variant.has_random()) {
    LM_RETURN_IF_ERROR(CheckSeeds(variant.random().list_seeds(), "random.list_seeds"));
    lists.assign(variant.random().list_seeds().begin(), variant.random().list_seeds().end());
  }
  std::vector<PlannedRun> runs;
  for (const std::optional<int64_t>& list_seed : lists) {
    LM_ASSIGN_OR_RETURN(PlannedRun run, PlanRun(base, variant, seed, list_seed));
    runs.push_back(std::move(run));
  }
  return runs;
}

}  // namespace

absl::StatusOr<ExperimentPlan> PlanExperiment(const v1::Experiment& experiment) {
  LM_RETURN_IF_ERROR(CheckBase(experiment.base()));
  LM_RETURN_IF_ERROR(CheckNames(experiment));
  LM_RETURN_IF_ERROR(CheckSeeds(experiment.seeds(), "seeds"));
  ExperimentPlan plan;
  for (const int64_t seed : experiment.seeds()) {
    for (int i = 0; i < experiment.variants_size(); ++i) {
      const v1::ExperimentVariant& variant = experiment.variants(i);
      absl::StatusOr<std::vector<PlannedRun>> runs = PlanVariant(experiment.base(), variant, seed);
      if (!runs.ok()) {
        return Annotate(runs.status(), absl::StrCat("base with variant \"", variant.name(), "\""));
      }
      if (plan.variants.size() == static_cast<size_t>(i)) {
        const ScanConfig& scan = localmamba::Scan(runs->front().run.model.network);
        plan.variants.push_back(
            {variant.name(), DirectionsText(variant), AttentionText(scan.attention)});
      }
      for (PlannedRun& run : *runs) {
        run.variant = static_cast<size_t>(i);
        plan.runs.push_back(std::move(run));
      }
    }
  }
  return plan;
}

}  // namespace localmamba::trainer
