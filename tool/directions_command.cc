// localmamba_tool directions: the spec of a network with other scan directions, to compare what a
// search found with.
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"
#include "model/search/supernet.h"
#include "tool/command.h"
#include "tool/model_source.h"

namespace localmamba::tool {
namespace {

absl::StatusOr<LayerDirections> ParseDirections(const std::vector<std::string>& names,
                                                const char* flag) {
  LayerDirections directions;
  for (const std::string& name : names) {
    const auto direction = ScanDirection::Parse(name);
    if (!direction.ok()) return Annotate(direction.status(), flag);
    directions.push_back(*direction);
  }
  return directions;
}

class DirectionsCommand final : public Command {
 public:
  explicit DirectionsCommand(CLI::App& app) {
    source_.AddFlags(app);
    CLI::Option_group* group = app.add_option_group("directions");
    group->add_option("--fixed", fixed_, "These for every layer, e.g. h,h_flip,v,v_flip")
        ->delimiter(',');
    group->add_option("--random", random_, "So many for each layer, drawn from the candidates")
        ->check(CLI::Range(1, 16));
    group->require_option(1);
    app.add_option("--candidates", candidates_, "What is drawn from (default: the official ones)")
        ->delimiter(',');
    app.add_option("--seed", seed_, "Seed of what is drawn")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
  }

  absl::Status Run() override {
    LM_ASSIGN_OR_RETURN(ModelSpec spec, source_.Spec());
    const size_t layers = Scan(spec.network).directions.size();
    LM_ASSIGN_OR_RETURN(std::vector<LayerDirections> directions, Directions(layers));
    spec.network = WithDirections(spec.network, std::move(directions));
    LM_RETURN_IF_ERROR(Validate(spec));
    std::fputs(FormatModelSpec(spec).c_str(), stdout);
    return absl::OkStatus();
  }

 private:
  [[nodiscard]] absl::StatusOr<std::vector<LayerDirections>> Directions(size_t layers) const {
    if (random_ == 0) {
      LM_ASSIGN_OR_RETURN(const LayerDirections fixed, ParseDirections(fixed_, "--fixed"));
      return std::vector<LayerDirections>(layers, fixed);
    }
    SearchConfig search{.directions_per_layer = random_};
    if (!candidates_.empty()) {
      LM_ASSIGN_OR_RETURN(search.candidates, ParseDirections(candidates_, "--candidates"));
    }
    LM_RETURN_IF_ERROR(Validate(search));
    return RandomDirections(search, layers, seed_);
  }

  ModelSource source_;
  std::vector<std::string> fixed_;
  int64_t random_ = 0;  // 0: fixed_
  std::vector<std::string> candidates_;
  uint64_t seed_ = 0;
};

}  // namespace

std::unique_ptr<Command> MakeDirectionsCommand(CLI::App& app) {
  return std::make_unique<DirectionsCommand>(app);
}

}  // namespace localmamba::tool
