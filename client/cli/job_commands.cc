#include "client/cli/job_commands.h"

#include <filesystem>
#include <optional>
#include <system_error>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "client/cli/job_text.h"
#include "client/cli/read_file.h"
#include "client/cli/report.h"
#include "client/cli/table.h"
#include "google/protobuf/util/json_util.h"
#include "nlohmann/json.hpp"

namespace localmamba::client {
namespace {

using admin::v1::Job;

// A message on one line, with the names that run.json uses.
void PrintJson(const google::protobuf::Message& message, std::ostream& out) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(message, &json, options).ok()) json = "{}";
  out << json << '\n';
}

void Print(const Job& job, bool json, std::ostream& out) {
  if (json) return PrintJson(job, out);
  out << JobLine(job) << '\n';
}

// A path of this process, for a server that has another working folder.
void MakeAbsolute(std::string* path) {
  std::error_code error;
  if (!path->empty()) *path = std::filesystem::absolute(*path, error).lexically_normal().string();
}

absl::StatusOr<v1::TrainingRun> ParseRun(const std::string& json) {
  if (!absl::StartsWith(absl::StripLeadingAsciiWhitespace(json), "{")) {
    return absl::InvalidArgumentError("wanted a JSON object, a localmamba.v1.TrainingRun");
  }
  v1::TrainingRun run;
  const auto status = google::protobuf::util::JsonStringToMessage(json, &run);
  if (!status.ok()) return absl::InvalidArgumentError(std::string(status.message()));
  if (run.has_data()) MakeAbsolute(run.mutable_data()->mutable_path());
  MakeAbsolute(run.mutable_initial_weights());
  return run;
}

std::string FormatTime(const google::protobuf::Timestamp& time) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S", absl::FromUnixSeconds(time.seconds()),
                          absl::LocalTimeZone());
}

// Takes whole lines from `text` and prints an object for each.
void PrintLogLines(const std::string& id, std::string& text, std::ostream& out) {
  size_t begin = 0;
  for (size_t end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const nlohmann::ordered_json line = {{"job", id}, {"text", text.substr(begin, end - begin)}};
    out << line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
  }
  text.erase(0, begin);
}

ExitCode Report(const std::string& id, const absl::StatusOr<Job>& job, const CommonOptions& common,
                std::ostream& out, std::ostream& err) {
  if (!job.ok()) return ReportFailure({"job", id}, job.status(), common.json, out, err);
  Print(*job, common.json, out);
  return ExitCode::kSuccess;
}

// Shows a job as it changes.
class JobDisplay {
 public:
  JobDisplay(const WatchOptions& options, bool json, std::ostream& out)
      : options_(options), json_(json), out_(out) {}

  void Show(const Job& job) {
    if (json_) {
      PrintJson(job, out_);
    } else if (options_.terminal) {
      out_ << "\r\x1b[K" << JobLine(job) << (HasEnded(job) ? "\n" : "");
    } else if (job.state() != last_.state() || job.phase().phase() != last_.phase().phase() ||
               job.epochs_size() != last_.epochs_size() ||
               job.cancel_requested() != last_.cancel_requested()) {
      out_ << JobLine(job) << '\n';
    }
    out_.flush();
    last_ = job;
  }

  void End() {
    if (!json_ && options_.terminal && !HasEnded(last_)) out_ << '\n';
    if (!json_ && options_.curve) out_ << LearningCurve(last_);
  }

  [[nodiscard]] const Job& last() const { return last_; }

 private:
  const WatchOptions options_;
  const bool json_;
  std::ostream& out_;
  Job last_;
};

}  // namespace

ExitCode RunJobsSubmit(const AdminClient& client, const SubmitOptions& options,
                       const WatchOptions& watch, const CommonOptions& common, std::ostream& out,
                       std::ostream& err) {
  const std::optional<std::string> json = ReadFile(options.run_file);
  if (!json.has_value()) {
    return ReportLocalFailure({"run", options.run_file}, kUnreadable, common.json, out, err);
  }
  const absl::StatusOr<v1::TrainingRun> run = ParseRun(*json);
  if (!run.ok())
    return ReportFailure({"run", options.run_file}, run.status(), common.json, out, err);
  const absl::StatusOr<Job> job =
      client.CreateJob(*run, options.model, options.idempotency_key, common.timeout);
  const ExitCode code = Report(options.run_file, job, common, out, err);
  if (!job.ok() || !options.watch) return code;
  return RunJobsWatch(client, job->id(), watch, common, out, err);
}

ExitCode RunJobsList(const AdminClient& client, const std::string& state,
                     const CommonOptions& common, std::ostream& out, std::ostream& err) {
  admin::v1::ListJobsRequest request;
  if (!state.empty()) request.add_states(ParseState(state));
  std::vector<std::vector<std::string>> rows = {
      {"job", "state", "model", "version", "created", "progress", "message"}};
  do {
    const absl::StatusOr<admin::v1::ListJobsResponse> page =
        client.ListJobs(request, common.timeout);
    if (!page.ok()) return ReportFailure({"server", ""}, page.status(), common.json, out, err);
    for (const Job& job : page->jobs()) {
      if (common.json) PrintJson(job, out);
      const v1::TrainingProgress& progress = job.progress();
      rows.push_back(
          {job.id(), StateName(job.state()), job.model(),
           job.version() == 0 ? "" : absl::StrCat(job.version()), FormatTime(job.create_time()),
           job.has_progress() ? absl::StrCat(progress.step(), "/", progress.total_steps(), " steps")
                              : "",
           job.message()});
    }
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  if (!common.json) PrintTable(rows, out);
  return ExitCode::kSuccess;
}

ExitCode RunJobsWatch(const AdminClient& client, const std::string& id, const WatchOptions& options,
                      const CommonOptions& common, std::ostream& out, std::ostream& err) {
  JobDisplay display(options, common.json, out);
  const absl::Status status =
      client.WatchJob(id, [&display](const Job& job) { display.Show(job); });
  display.End();
  if (!status.ok()) return ReportFailure({"job", id}, status, common.json, out, err);
  return display.last().state() == admin::v1::JOB_STATE_SUCCEEDED ? ExitCode::kSuccess
                                                                  : ExitCode::kFailed;
}

ExitCode RunJobsLogs(const AdminClient& client, const std::string& id, bool follow,
                     const CommonOptions& common, std::ostream& out, std::ostream& err) {
  std::string rest;  // of a line whose end has not come yet
  const absl::Status status = client.GetJobLogs(id, follow, /*offset=*/0, [&](absl::string_view s) {
    if (common.json) {
      absl::StrAppend(&rest, s);
      PrintLogLines(id, rest, out);
    } else {
      out << s;
    }
    out.flush();
  });
  if (!rest.empty()) PrintLogLines(id, rest.append("\n"), out);
  if (!status.ok()) return ReportFailure({"job", id}, status, common.json, out, err);
  return ExitCode::kSuccess;
}

ExitCode RunJobsCancel(const AdminClient& client, const std::string& id,
                       const CommonOptions& common, std::ostream& out, std::ostream& err) {
  return Report(id, client.CancelJob(id, common.timeout), common, out, err);
}

ExitCode RunJobsResume(const AdminClient& client, const std::string& id,
                       const CommonOptions& common, std::ostream& out, std::ostream& err) {
  return Report(id, client.ResumeJob(id, common.timeout), common, out, err);
}

ExitCode RunJobsDelete(const AdminClient& client, const std::string& id,
                       const CommonOptions& common, std::ostream& out, std::ostream& err) {
  const absl::Status status = client.DeleteJob(id, common.timeout);
  if (!status.ok()) return ReportFailure({"job", id}, status, common.json, out, err);
  if (common.json) out << nlohmann::ordered_json{{"job", id}, {"deleted", true}}.dump() << '\n';
  return ExitCode::kSuccess;
}

}  // namespace localmamba::client
