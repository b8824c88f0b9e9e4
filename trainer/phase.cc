#include "trainer/phase.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "server/repository/proto_json.h"
#include "server/training_run/recipe_proto.h"
#include "trainer/initial_weights.h"
#include "trainer/reporter.h"

namespace localmamba::trainer {
namespace {

std::string FolderOf(v1::Phase phase, const PhaseContext& context) {
  return absl::StrCat(context.output, phase == v1::PHASE_SEARCH ? "/search" : "/train");
}

std::string CheckpointsIn(const std::string& folder) { return folder + "/checkpoints"; }

// What decides the numbers of a phase: a checkpoint of other settings is of no use to it.
RunIdentity Identify(const PhaseSpec& spec, const PhaseContext& context) {
  auto model = nlohmann::json::parse(FormatModelSpec(spec.model));
  model.erase("description");
  model.erase("version_labels");
  auto recipe = nlohmann::json::parse(ProtoToJson(RecipeToProto(spec.settings)).dump());
  recipe.erase("checkpoints");
  recipe.erase("evaluate_every");
  recipe["dtype"] = std::string(ToString(TrainingDType(spec.settings.recipe, context.device)));
  return {.settings = {{"model", std::move(model)},
                       {"recipe", std::move(recipe)},
                       {"initial_weights", spec.initial_weights},
                       {"train_images", context.images.train_images()}},
          .class_names = context.images.classes()};
}

v1::PhaseStarted Started(const Trainer& trainer, const PhaseSpec& spec,
                         const PhaseContext& context) {
  v1::PhaseStarted started;
  started.set_total_epochs(spec.settings.recipe.epochs);
  started.set_steps_per_epoch(trainer.steps_per_epoch());
  started.set_train_images(context.images.train_images());
  started.set_validation_images(context.images.validation_images());
  started.set_classes(static_cast<int64_t>(context.images.classes().size()));
  started.set_first_step(trainer.progress().step);
  return started;
}

TrainerOptions MakeOptions(const PhaseSpec& spec, const PhaseContext& context,
                           const std::string& folder) {
  TrainerOptions options{.recipe = spec.settings.recipe,
                         .device = context.device,
                         .cpu_threads = context.cpu_threads,
                         .directions_per_layer = spec.directions_per_layer,
                         .checkpoint_folder = CheckpointsIn(folder),
                         .run = Identify(spec, context)};
  options.open_training = [&spec, &context](int64_t first_step, Allocator& host) {
    return context.images.OpenTraining(spec.settings, first_step, host);
  };
  options.open_validation = [&spec, &context](Allocator& host) {
    const Recipe& recipe = spec.settings.recipe;
    return context.images.OpenValidation(recipe.batch_size / recipe.accumulation_steps, host);
  };
  return options;
}

}  // namespace

absl::StatusOr<std::string> NewestCheckpoint(v1::Phase phase, const PhaseContext& context) {
  const CheckpointFolder folder(CheckpointsIn(FolderOf(phase, context)), CheckpointConfig());
  LM_ASSIGN_OR_RETURN(const CheckpointFolder::Found found, folder.FindNewest());
  return found.path;
}

absl::StatusOr<PhaseResult> RunPhase(const PhaseSpec& spec, const PhaseContext& context) {
  const std::string folder = FolderOf(spec.phase, context);
  LM_ASSIGN_OR_RETURN(const std::unique_ptr<Allocator> memory,
                      CreateDeviceAllocator(Device::Cpu()));
  LM_ASSIGN_OR_RETURN(std::unique_ptr<Network> network, CreateNetwork(spec.model.network));
  LM_RETURN_IF_ERROR(FillInitialWeights(spec.initial_weights, spec.settings.recipe.seed,
                                        spec.model.network, *network, *memory));
  LM_ASSIGN_OR_RETURN(
      const std::unique_ptr<Reporter> reporter,
      Reporter::Create(spec.phase, folder + "/events", context.events, context.display));
  LM_ASSIGN_OR_RETURN(const std::unique_ptr<Trainer> trainer,
                      Trainer::Create(std::move(network), MakeOptions(spec, context, folder),
                                      *reporter, context.stop));
  for (const std::string& warning : trainer->warnings()) {
    context.display.ShowLine(absl::StrCat("warning: checkpoint skipped: ", warning));
  }
  reporter->OnStart(Started(*trainer, spec, context));
  LM_ASSIGN_OR_RETURN(const Trainer::End end, trainer->Run());
  PhaseResult result{.stopped = end == Trainer::End::kStopped,
                     .checkpoint = trainer->checkpoint_path(),
                     .progress = trainer->progress(),
                     .peak_memory_bytes = trainer->peak_memory_bytes(),
                     .unreadable_images = trainer->unreadable_images()};
  if (result.stopped) return result;
  LM_ASSIGN_OR_RETURN(result.weights, trainer->Weights());
  LM_ASSIGN_OR_RETURN(result.directions, trainer->Directions());
  return result;
}

}  // namespace localmamba::trainer
