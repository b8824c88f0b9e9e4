// localmamba_tool scan-order: how a direction walks a grid, and how far apart it puts neighbours
// (reference §10.5, item M1).
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "kernels/base/annotate.h"
#include "kernels/scan/scan_locality.h"
#include "kernels/scan/scan_order.h"
#include "server/repository/json_layout.h"
#include "tool/command.h"

namespace localmamba::tool {
namespace {

using nlohmann::ordered_json;

constexpr int64_t kMaxSide = 4096;  // positions stay within 32 bits

ordered_json ToJson(const NeighbourDistances& distances) {
  return {{"pairs", distances.pairs},
          {"mean_distance", distances.mean},
          {"max_distance", distances.maximum}};
}

class ScanOrderCommand final : public Command {
 public:
  explicit ScanOrderCommand(CLI::App& app) {
    const CLI::Range sides(int64_t{1}, kMaxSide);
    app.add_option("--height", height_, "Rows of the token grid")->required()->check(sides);
    app.add_option("--width", width_, "Columns of the token grid")->required()->check(sides);
    app.add_option("--direction", direction_,
                   "h, v or wK (K from 1 to 4096), each optionally with _flip")
        ->required();
  }

  absl::Status Run() override {
    const absl::StatusOr<ScanDirection> direction = ScanDirection::Parse(direction_);
    if (!direction.ok()) return Annotate(direction.status(), "--direction");
    if (direction->window > kMaxSide) {
      return absl::InvalidArgumentError(
          absl::StrCat("--direction: window is ", direction->window, ", wanted 1 to ", kMaxSide));
    }
    const ScanOrder order = MakeScanOrder(*direction, height_, width_, VerticalReverse::kExact);
    const ScanLocality locality = MeasureScanLocality(*direction, height_, width_);
    int64_t padding = 0;
    for (const int32_t token : order.read) padding += token < 0 ? 1 : 0;
    // order[t] is the token read at position t, row-major in the grid; -1 is padding.
    const ordered_json report = {{"direction", direction->ToString()},
                                 {"height", height_},
                                 {"width", width_},
                                 {"length", locality.sequence_length},
                                 {"padding", padding},
                                 {"neighbours_4", ToJson(locality.four)},
                                 {"neighbours_8", ToJson(locality.eight)},
                                 {"order", order.read}};
    std::fputs(LayOutJson(report).c_str(), stdout);
    return absl::OkStatus();
  }

 private:
  int64_t height_ = 0;
  int64_t width_ = 0;
  std::string direction_;
};

}  // namespace

std::unique_ptr<Command> MakeScanOrderCommand(CLI::App& app) {
  return std::make_unique<ScanOrderCommand>(app);
}

}  // namespace localmamba::tool
