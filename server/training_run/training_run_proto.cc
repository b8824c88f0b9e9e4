#include "server/training_run/training_run_proto.h"

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"
#include "model/weights/mapped_file.h"
#include "server/repository/model_spec_proto.h"
#include "server/repository/proto_json.h"
#include "server/training_run/recipe_proto.h"

namespace localmamba {
namespace {

constexpr int32_t kDefaultSearchEpochs = 100;

// Gives layers without directions some, because a search ignores what they are.
void FillDirections(v1::ModelSpec& model) {
  if (!model.has_local_vmamba() && !model.has_local_vim()) return;  // refused later
  v1::ScanSpec* scan = model.has_local_vmamba() ? model.mutable_local_vmamba()->mutable_scan()
                                                : model.mutable_local_vim()->mutable_scan();
  for (v1::LayerSpec& layer : *scan->mutable_layers()) {
    if (layer.directions().empty()) layer.add_directions(OfficialCandidates()[0].ToString());
  }
}

bool HasClasses(const v1::ModelSpec& model) {
  return model.has_local_vmamba() ? model.local_vmamba().has_num_classes()
                                  : model.local_vim().has_num_classes();
}

DatasetConfig DatasetFromProto(const v1::Dataset& proto) {
  DatasetConfig config;
  config.path = proto.path();
  if (!proto.train().empty()) config.train = proto.train();
  if (!proto.validation().empty()) config.validation = proto.validation();
  if (proto.has_max_unreadable_share()) config.max_unreadable_share = proto.max_unreadable_share();
  if (proto.has_cache_bytes()) config.cache_bytes = proto.cache_bytes();
  return config;
}

absl::StatusOr<ScanSearch> SearchFromProto(const v1::ScanSearch& proto, const v1::Recipe& recipe) {
  ScanSearch result;
  if (!proto.candidates().empty()) result.search.candidates.clear();
  for (const std::string& name : proto.candidates()) {
    const auto direction = ScanDirection::Parse(name);
    if (!direction.ok()) return Annotate(direction.status(), "search.candidates");
    result.search.candidates.push_back(*direction);
  }
  if (proto.has_directions_per_layer()) {
    result.search.directions_per_layer = proto.directions_per_layer();
  }
  if (proto.has_width()) result.search.width = proto.width();
  if (proto.has_retrain()) result.retrain = proto.retrain();
  v1::Recipe search_recipe = proto.has_recipe() ? proto.recipe() : recipe;
  if (!search_recipe.has_epochs()) search_recipe.set_epochs(kDefaultSearchEpochs);
  absl::StatusOr<TrainingSettings> settings = RecipeFromProto(search_recipe);
  if (!settings.ok()) return Annotate(settings.status(), "search.recipe");
  result.settings = *std::move(settings);
  return result;
}

absl::StatusOr<ModelSpec> ModelFromProto(v1::ModelSpec proto, bool with_search) {
  if (with_search) FillDirections(proto);
  absl::StatusOr<ModelSpec> model = ModelSpecFromProto(proto);
  if (!model.ok()) return Annotate(model.status(), "model");
  return model;
}

template <class Message>
absl::StatusOr<Message> Parse(absl::string_view json, absl::string_view source) {
  Message message;
  const absl::Status parsed = ParseProtoJson(json, kMaxTrainingRunBytes, message);
  if (!parsed.ok()) return Annotate(parsed, source);
  return message;
}

template <class Message>
absl::StatusOr<Message> Read(const std::string& path) {
  LM_ASSIGN_OR_RETURN(const std::shared_ptr<MappedFile> file, MappedFile::Open(path));
  const absl::Span<const std::byte> bytes = file->bytes();
  return Parse<Message>({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path);
}

}  // namespace

absl::StatusOr<TrainingRun> TrainingRunFromProto(const v1::TrainingRun& proto) {
  if (!proto.has_model()) return absl::InvalidArgumentError("model is absent, wanted a ModelSpec");
  TrainingRun run;
  LM_ASSIGN_OR_RETURN(run.model, ModelFromProto(proto.model(), proto.has_search()));
  run.classes_from_data = !HasClasses(proto.model());
  run.data = DatasetFromProto(proto.data());
  absl::StatusOr<TrainingSettings> settings = RecipeFromProto(proto.recipe());
  if (!settings.ok()) return Annotate(settings.status(), "recipe");
  run.settings = *std::move(settings);
  if (proto.has_search()) {
    LM_ASSIGN_OR_RETURN(run.search, SearchFromProto(proto.search(), proto.recipe()));
  }
  run.initial_weights = proto.initial_weights();
  if (!proto.weights_dtype().empty()) {
    const absl::StatusOr<DType> dtype = ParseDType(proto.weights_dtype());
    if (!dtype.ok() || !IsFloat(*dtype)) {
      return absl::InvalidArgumentError(absl::StrCat("weights_dtype is \"", proto.weights_dtype(),
                                                     "\", wanted f32, f16 or bf16"));
    }
    run.weights_dtype = *dtype;
  }
  LM_RETURN_IF_ERROR(Validate(run));
  return run;
}

absl::StatusOr<v1::TrainingRun> ParseTrainingRun(absl::string_view json, absl::string_view source) {
  return Parse<v1::TrainingRun>(json, source);
}

absl::StatusOr<v1::TrainingRun> ReadTrainingRun(const std::string& path) {
  return Read<v1::TrainingRun>(path);
}

absl::StatusOr<v1::Recipe> ReadRecipe(const std::string& path) { return Read<v1::Recipe>(path); }

absl::StatusOr<v1::Experiment> ReadExperiment(const std::string& path) {
  return Read<v1::Experiment>(path);
}

}  // namespace localmamba
