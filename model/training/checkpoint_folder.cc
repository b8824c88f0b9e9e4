#include "model/training/checkpoint_folder.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "kernels/base/status_macros.h"
#include "model/weights/atomic_file.h"

namespace localmamba {
namespace {

namespace fs = std::filesystem;

constexpr absl::string_view kPrefix = "step-";

absl::Status FolderError(const std::string& folder, const std::error_code& error) {
  return absl::ErrnoToStatus(error.value(), absl::StrCat(folder, ": cannot be used"));
}

// The step in a file name; none if it is not the name of a checkpoint.
std::optional<int64_t> StepOf(const std::string& name) {
  absl::string_view text = name;
  int64_t step = 0;
  if (!absl::ConsumePrefix(&text, kPrefix) || !absl::ConsumeSuffix(&text, ".safetensors") ||
      !absl::SimpleAtoi(text, &step)) {
    return std::nullopt;
  }
  return step;
}

CheckpointRank RankOf(const Checkpoint& checkpoint) {
  const TrainingProgress& progress = checkpoint.progress;
  CheckpointRank rank{.step = progress.step};
  // Within an epoch, the result of the epoch before belongs to an earlier step.
  if (progress.epoch_steps == 0 && !progress.epochs.empty()) {
    rank.top1 = progress.epochs.back().top1;
  }
  return rank;
}

bool IsBetter(const CheckpointRank& a, const CheckpointRank& b) {
  return a.top1 != b.top1 ? a.top1 > b.top1 : a.step > b.step;
}

}  // namespace

std::vector<int64_t> StepsToRemove(std::vector<CheckpointRank> checkpoints, int64_t keep_last,
                                   int64_t keep_best) {
  std::set<int64_t> kept;
  const auto keep_first = [&](int64_t count, bool evaluated_only) {
    for (const CheckpointRank& rank : checkpoints) {
      if (count-- <= 0) break;
      if (!evaluated_only || rank.top1.has_value()) kept.insert(rank.step);
    }
  };
  std::sort(checkpoints.begin(), checkpoints.end(),
            [](const auto& a, const auto& b) { return a.step > b.step; });
  keep_first(keep_last, /*evaluated_only=*/false);
  std::sort(checkpoints.begin(), checkpoints.end(), IsBetter);
  keep_first(keep_best, /*evaluated_only=*/true);
  std::vector<int64_t> removed;
  for (const CheckpointRank& rank : checkpoints) {
    if (!kept.contains(rank.step)) removed.push_back(rank.step);
  }
  std::sort(removed.begin(), removed.end());
  return removed;
}

std::string CheckpointFolder::PathOf(int64_t step) const {
  return absl::StrFormat("%s/%s%09d.safetensors", folder_, kPrefix, step);
}

absl::StatusOr<std::vector<int64_t>> CheckpointFolder::Steps() const {
  std::vector<int64_t> steps;
  std::error_code error;
  if (!fs::exists(folder_, error)) {
    if (error) return FolderError(folder_, error);
    return steps;
  }
  for (fs::directory_iterator it(folder_, error), end; !error && it != end; it.increment(error)) {
    const std::optional<int64_t> step = StepOf(it->path().filename().string());
    if (step.has_value()) steps.push_back(*step);
  }
  if (error) return FolderError(folder_, error);
  std::sort(steps.begin(), steps.end());
  return steps;
}

absl::StatusOr<std::vector<CheckpointRank>> CheckpointFolder::Ranks() const {
  LM_ASSIGN_OR_RETURN(const std::vector<int64_t> steps, Steps());
  std::vector<CheckpointRank> ranks;
  for (const int64_t step : steps) {
    const absl::StatusOr<Checkpoint> checkpoint = ReadCheckpoint(PathOf(step));
    if (checkpoint.ok()) ranks.push_back(RankOf(*checkpoint));
  }
  return ranks;
}

absl::StatusOr<std::string> CheckpointFolder::Write(const Checkpoint& checkpoint) {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) return FolderError(folder_, error);
  LM_RETURN_IF_ERROR(RemoveTemporaries());
  const std::string path = PathOf(checkpoint.progress.step);
  LM_RETURN_IF_ERROR(WriteCheckpoint(path, checkpoint));
  LM_ASSIGN_OR_RETURN(std::vector<CheckpointRank> ranks, Ranks());
  for (const int64_t step : StepsToRemove(std::move(ranks), config_.keep_last, config_.keep_best)) {
    fs::remove(PathOf(step), error);
    if (error) return FolderError(PathOf(step), error);
  }
  return path;
}

absl::Status CheckpointFolder::RemoveTemporaries() {
  std::vector<fs::path> left;
  std::error_code error;
  for (fs::directory_iterator it(folder_, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (absl::StartsWith(name, kPrefix) && IsTemporaryName(name)) left.push_back(it->path());
  }
  for (size_t i = 0; i < left.size() && !error; ++i) fs::remove(left[i], error);
  return error ? FolderError(folder_, error) : absl::OkStatus();
}

absl::StatusOr<CheckpointFolder::Found> CheckpointFolder::FindNewest() const {
  LM_ASSIGN_OR_RETURN(const std::vector<int64_t> steps, Steps());
  Found found;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    std::string path = PathOf(*step);
    absl::StatusOr<Checkpoint> checkpoint = ReadCheckpoint(path);
    if (checkpoint.ok()) {
      found.newest = *std::move(checkpoint);
      found.path = std::move(path);
      break;
    }
    found.warnings.emplace_back(checkpoint.status().message());
  }
  return found;
}

}  // namespace localmamba
