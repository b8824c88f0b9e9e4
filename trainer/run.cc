#include "trainer/run.h"

#include <algorithm>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "kernels/base/status_macros.h"
#include "model/data/check_option.h"
#include "trainer/folder_lock.h"
#include "trainer/initial_weights.h"
#include "trainer/phase.h"
#include "trainer/result.h"

namespace localmamba::trainer {
namespace {

// Gives the model as many classes as the data has. Errors: INVALID_ARGUMENT if it says otherwise.
absl::Status SetClasses(const ImageSource& images, bool classes_from_data, ModelSpec& model) {
  const auto classes = static_cast<int64_t>(images.classes().size());
  if (!classes_from_data && NumClasses(model.network) != classes) {
    return absl::InvalidArgumentError(absl::StrCat("model: num_classes is ",
                                                   NumClasses(model.network), ", the data has ",
                                                   classes, " classes"));
  }
  std::visit([&](auto& family) { family.num_classes = classes; }, model.network);
  return absl::OkStatus();
}

// Of each recipe that the run trains by, with its name.
using RecipeCheck = absl::FunctionRef<absl::Status(absl::string_view, const Recipe&)>;
absl::Status CheckRecipes(const TrainingRun& run, RecipeCheck check) {
  if (!run.search.has_value() || run.search->retrain) {
    LM_RETURN_IF_ERROR(check("recipe", run.settings.recipe));
  }
  if (!run.search.has_value()) return absl::OkStatus();
  return check("search.recipe", run.search->settings.recipe);
}

absl::Status CheckDType(absl::string_view name, const Recipe& recipe, Device device) {
  const DType dtype = TrainingDType(recipe, device);
  return CheckOption(absl::StrCat(name, ".dtype"),
                     absl::StrCat(ToString(dtype), " on ", device.ToString()),
                     !device.is_cpu() || dtype == DType::kFloat32, "f32");
}

absl::Status CheckBatch(absl::string_view name, const Recipe& recipe, const ImageSource& images) {
  return CheckOption(absl::StrCat(name, ".batch_size"), recipe.batch_size,
                     recipe.batch_size <= images.train_images(),
                     absl::StrCat("at most the ", images.train_images(), " images to train"));
}

// Refuses a folder of a run with other phases before any step is made: the checkpoints of a phase
// are only looked at when it begins.
absl::Status CheckPhases(bool with_search, const PhaseContext& context) {
  LM_ASSIGN_OR_RETURN(const std::string search, NewestCheckpoint(v1::PHASE_SEARCH, context));
  LM_ASSIGN_OR_RETURN(const std::string train, NewestCheckpoint(v1::PHASE_TRAIN, context));
  if (!with_search && !search.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(search, ": is of a run with \"search\", wanted one without"));
  }
  if (with_search && search.empty() && !train.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(train, ": is of a run without \"search\", wanted one with it"));
  }
  return absl::OkStatus();
}

int LoaderThreads(const RunOptions& options) {
  const int all = options.threads > 0
                      ? options.threads
                      : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  // On a CPU the network needs the processors more than the images do.
  return options.device.is_cpu() ? std::max(1, all / 4) : all;
}

std::vector<LayerDirections> Choose(const SearchConfig& search, const PhaseResult& found) {
  std::vector<LayerDirections> chosen;
  for (const DirectionProbabilities& layer : found.directions) {
    chosen.push_back(
        SelectDirections(search.candidates, layer.probability, search.directions_per_layer));
  }
  return chosen;
}

void Announce(const std::vector<LayerDirections>& layers, const PhaseContext& context) {
  v1::TrainerEvent event;
  for (size_t i = 0; i < layers.size(); ++i) {
    v1::LayerSpec* spec = event.mutable_directions_found()->add_layers();
    for (const ScanDirection& direction : layers[i]) spec->add_directions(direction.ToString());
    context.display.ShowLine(
        absl::StrCat("search  layer ", i, ": ", absl::StrJoin(spec->directions(), " ")));
  }
  context.events.Send(std::move(event));
}

RunEnd Stop(const PhaseResult& phase, const PhaseContext& context) {
  context.display.ShowLine(absl::StrCat("stopped after ", phase.checkpoint));
  v1::TrainerEvent event;
  event.mutable_stopped()->set_checkpoint(phase.checkpoint);
  event.mutable_stopped()->set_step(phase.progress.step);
  context.events.Send(std::move(event));
  return RunEnd::kStopped;
}

absl::StatusOr<RunEnd> Finish(const RunOutcome& outcome, const NamedTensors& weights,
                              const PhaseContext& context) {
  LM_ASSIGN_OR_RETURN(const std::string folder, WriteResult(outcome, weights, context));
  context.display.ShowLine(absl::StrCat("result: ", folder));
  v1::TrainerEvent event;
  event.mutable_finished()->set_result(folder);
  if (outcome.training.has_value() && !outcome.training->progress.epochs.empty()) {
    const EpochResult& last = outcome.training->progress.epochs.back();
    if (last.top1.has_value()) event.mutable_finished()->set_top1(*last.top1);
    if (last.top5.has_value()) event.mutable_finished()->set_top5(*last.top5);
  }
  context.events.Send(std::move(event));
  return RunEnd::kFinished;
}

// The weights that the found network would be trained from.
absl::StatusOr<NamedTensors> UntrainedWeights(const RunOutcome& outcome, Allocator& memory) {
  LM_ASSIGN_OR_RETURN(const std::unique_ptr<Network> network, CreateNetwork(outcome.model.network));
  LM_RETURN_IF_ERROR(FillInitialWeights(/*path=*/"", outcome.settings.recipe.seed,
                                        outcome.model.network, *network, memory));
  NamedTensors weights;
  for (const Parameter& parameter : network->parameters().parameters()) {
    weights.emplace(parameter.name, parameter.value.tensor());
  }
  return weights;
}

}  // namespace

absl::StatusOr<RunEnd> Execute(TrainingRun run, const RunOptions& options, EventStream& events,
                               ProgressDisplay& display, const std::atomic<bool>& stop) {
  LM_RETURN_IF_ERROR(CheckRecipes(run, [&](absl::string_view name, const Recipe& recipe) {
    return CheckDType(name, recipe, options.device);
  }));
  LM_ASSIGN_OR_RETURN(const std::unique_ptr<ImageSource> images,
                      ImageSource::Open(run.data, run.model.preprocess, LoaderThreads(options)));
  LM_RETURN_IF_ERROR(SetClasses(*images, run.classes_from_data, run.model));
  LM_RETURN_IF_ERROR(CheckRecipes(run, [&](absl::string_view name, const Recipe& recipe) {
    return CheckBatch(name, recipe, *images);
  }));
  LM_ASSIGN_OR_RETURN(const std::unique_ptr<FolderLock> lock, FolderLock::Take(options.output));
  const PhaseContext context{.output = options.output,
                             .device = options.device,
                             .cpu_threads = options.threads,
                             .images = *images,
                             .events = events,
                             .display = display,
                             .stop = stop};
  LM_RETURN_IF_ERROR(CheckPhases(run.search.has_value(), context));
  RunOutcome outcome{
      .model = run.model, .settings = run.settings, .weights_dtype = run.weights_dtype};
  if (run.search.has_value()) {
    const SearchConfig& search = run.search->search;
    PhaseSpec spec{.phase = v1::PHASE_SEARCH,
                   .model = run.model,
                   .settings = run.search->settings,
                   .directions_per_layer = search.directions_per_layer};
    LM_ASSIGN_OR_RETURN(spec.model.network, MakeSupernet(run.model.network, search));
    LM_ASSIGN_OR_RETURN(PhaseResult found, RunPhase(spec, context));
    if (found.stopped) return Stop(found, context);
    const std::vector<LayerDirections> chosen = Choose(search, found);
    Announce(chosen, context);
    outcome.model.network = WithDirections(run.model.network, chosen);
    outcome.search = {std::move(found), *run.search};
    if (!run.search->retrain) {
      LM_ASSIGN_OR_RETURN(const std::unique_ptr<Allocator> memory,
                          CreateDeviceAllocator(Device::Cpu()));
      LM_ASSIGN_OR_RETURN(const NamedTensors weights, UntrainedWeights(outcome, *memory));
      return Finish(outcome, weights, context);
    }
  }
  const PhaseSpec spec{.phase = v1::PHASE_TRAIN,
                       .model = outcome.model,
                       .settings = run.settings,
                       .initial_weights = run.initial_weights};
  LM_ASSIGN_OR_RETURN(outcome.training, RunPhase(spec, context));
  if (outcome.training->stopped) return Stop(*outcome.training, context);
  return Finish(outcome, outcome.training->weights, context);
}

}  // namespace localmamba::trainer
