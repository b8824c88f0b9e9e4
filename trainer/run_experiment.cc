#include "trainer/run_experiment.h"

#include <google/protobuf/util/message_differencer.h>

#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"
#include "model/search/supernet.h"
#include "model/weights/atomic_file.h"
#include "model/weights/mapped_file.h"
#include "server/repository/json_layout.h"
#include "server/repository/model_spec.h"
#include "server/repository/proto_json.h"
#include "server/training_run/training_run_proto.h"
#include "trainer/event_stream.h"
#include "trainer/experiment_report.h"
#include "trainer/experiment_table.h"
#include "trainer/folder_lock.h"

namespace localmamba::trainer {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

bool Exists(const std::string& path) {
  std::error_code error;
  return fs::exists(path, error);
}

// Where the data lies decides nothing.
bool IsSameRun(v1::TrainingRun left, v1::TrainingRun right) {
  left.mutable_data()->clear_path();
  right.mutable_data()->clear_path();
  return google::protobuf::util::MessageDifferencer::Equals(left, right);
}

// Writes run.json into `folder`, unless there is one of another run.
absl::Status ClaimFolder(const std::string& folder, const v1::TrainingRun& run) {
  const std::string path = absl::StrCat(folder, "/run.json");
  if (Exists(path)) {
    LM_ASSIGN_OR_RETURN(const v1::TrainingRun found, ReadTrainingRun(path));
    if (!IsSameRun(found, run)) {
      return absl::FailedPreconditionError(
          absl::StrCat(path,
                       ": is another run than the experiment has now, wanted the same or an "
                       "empty folder"));
    }
  }
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat(folder, ": cannot be made"));
  return WriteFileAtomically(path, LayOutJson(ProtoToJson(run)));
}

absl::StatusOr<ordered_json> ReadJson(const std::string& path) {
  LM_ASSIGN_OR_RETURN(const std::shared_ptr<MappedFile> file, MappedFile::Open(path));
  const auto* begin = reinterpret_cast<const char*>(file->bytes().data());
  ordered_json json = ordered_json::parse(begin, begin + file->bytes().size(), /*cb=*/nullptr,
                                          /*allow_exceptions=*/false);
  if (json.is_object()) return json;
  return absl::InvalidArgumentError(absl::StrCat(path, ": is no JSON object"));
}

// What a finished run left in `folder`.
absl::StatusOr<RunRecord> ReadRecord(const PlannedRun& planned, const std::string& folder) {
  const std::string result = absl::StrCat(folder, "/result");
  RunRecord record{.planned = &planned};
  LM_ASSIGN_OR_RETURN(record.metrics, ReadJson(absl::StrCat(result, "/1/metrics.json")));
  if (planned.run.search.has_value()) {
    LM_ASSIGN_OR_RETURN(record.probabilities,
                        ReadJson(absl::StrCat(folder, "/search/probabilities.json")));
  }
  LM_ASSIGN_OR_RETURN(const ModelSpec spec, ReadModelSpec(absl::StrCat(result, "/model.json")));
  for (const LayerDirections& directions : Scan(spec.network).directions) {
    std::vector<std::string>& names = record.layers.emplace_back();
    for (const ScanDirection& direction : directions) names.push_back(direction.ToString());
  }
  return record;
}

struct RunResult {
  RunEnd end = RunEnd::kFinished;
  RunRecord record;  // if finished
};

absl::StatusOr<RunResult> DoRun(const PlannedRun& planned, RunOptions options,
                                ProgressDisplay& display, const std::atomic<bool>& stop) {
  options.output = absl::StrCat(options.output, "/", planned.folder);
  LM_RETURN_IF_ERROR(ClaimFolder(options.output, planned.proto));
  RunResult result;
  if (!Exists(absl::StrCat(options.output, "/result/1/metrics.json"))) {
    EventStream events(/*fd=*/-1);
    const absl::StatusOr<RunEnd> end = Execute(planned.run, options, events, display, stop);
    if (absl::IsAborted(end.status())) {
      result.record = {.planned = &planned, .diverged = std::string(end.status().message())};
      return result;
    }
    LM_RETURN_IF_ERROR(end.status());
    result.end = *end;
    if (result.end == RunEnd::kStopped) return result;
  }
  LM_ASSIGN_OR_RETURN(result.record, ReadRecord(planned, options.output));
  return result;
}

// OK if none diverged.
absl::Status CheckDiverged(const std::vector<RunRecord>& records, const std::string& report) {
  std::vector<std::string> folders;
  for (const RunRecord& record : records) {
    if (!record.diverged.empty()) folders.push_back(record.planned->folder);
  }
  if (folders.empty()) return absl::OkStatus();
  return absl::AbortedError(absl::StrCat(folders.size(), " of ", records.size(),
                                         " runs diverged: ", absl::StrJoin(folders, ", "), "; ",
                                         report, " has the others"));
}

}  // namespace

absl::StatusOr<RunEnd> RunExperiment(const ExperimentPlan& plan, const RunOptions& options,
                                     std::FILE* table, ProgressDisplay& display,
                                     const std::atomic<bool>& stop) {
  LM_ASSIGN_OR_RETURN(const std::unique_ptr<FolderLock> lock, FolderLock::Take(options.output));
  const std::string path = absl::StrCat(options.output, "/report.json");
  std::vector<RunRecord> records;
  ordered_json report;
  for (const PlannedRun& planned : plan.runs) {
    display.ShowLine(
        absl::StrCat("run ", records.size() + 1, " of ", plan.runs.size(), ": ", planned.folder));
    absl::StatusOr<RunResult> result = DoRun(planned, options, display, stop);
    if (!result.ok()) return Annotate(result.status(), planned.folder);
    if (result->end == RunEnd::kStopped) return RunEnd::kStopped;
    records.push_back(std::move(result->record));
    report = MakeReport(plan, records);
    LM_RETURN_IF_ERROR(WriteFileAtomically(path, LayOutJson(report)));
  }
  std::fputs(FormatTable(report).c_str(), table);
  display.ShowLine(absl::StrCat("report: ", path));
  LM_RETURN_IF_ERROR(CheckDiverged(records, path));
  return RunEnd::kFinished;
}

}  // namespace localmamba::trainer
