#include "server/rpc/job_service.h"

#include <cstdint>
#include <fstream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "kernels/base/status_macros.h"
#include "localmamba/admin/v1/jobs.grpc.pb.h"
#include "server/jobs/job_id.h"
#include "server/jobs/job_state.h"
#include "server/rpc/admin_call.h"
#include "server/rpc/job_request.h"
#include "server/rpc/stream_call.h"

namespace localmamba::server {
namespace {

using admin::v1::GetJobLogsResponse;
using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;
using grpc::ServerWriteReactor;

constexpr int64_t kLogPieceBytes = 64 << 10;
// A trainer writes to its log without telling anybody.
constexpr absl::Duration kLogPoll = absl::Milliseconds(250);

// At most kLogPieceBytes of a file from `offset` on; "" if there are none, or no such file.
std::string ReadPiece(const std::string& path, int64_t offset) {
  std::ifstream file(path, std::ios::binary);
  file.seekg(offset);
  std::string piece(static_cast<size_t>(kLogPieceBytes), '\0');
  file.read(piece.data(), kLogPieceBytes);
  piece.resize(static_cast<size_t>(file.gcount()));
  return piece;
}

class JobService final : public admin::v1::JobService::CallbackService {
 public:
  JobService(JobScheduler& jobs, Executor& executor, ServerMetrics& metrics)
      : jobs_(jobs), executor_(executor), metrics_(metrics) {}

  ServerUnaryReactor* CreateTrainingJob(CallbackServerContext* /*context*/,
                                        const admin::v1::CreateTrainingJobRequest* request,
                                        Job* response) override {
    return Create("CreateTrainingJob", *request, *response);
  }

  ServerUnaryReactor* CreateScanSearchJob(CallbackServerContext* /*context*/,
                                          const admin::v1::CreateScanSearchJobRequest* request,
                                          Job* response) override {
    return Create("CreateScanSearchJob", *request, *response);
  }

  ServerUnaryReactor* GetJob(CallbackServerContext* /*context*/,
                             const admin::v1::GetJobRequest* request, Job* response) override {
    return AnswerWith("GetJob", *response, [this, request] { return jobs_.Get(request->id()); });
  }

  ServerUnaryReactor* ListJobs(CallbackServerContext* /*context*/,
                               const admin::v1::ListJobsRequest* request,
                               admin::v1::ListJobsResponse* response) override {
    return AdminCall("ListJobs", metrics_, executor_, [this, request, response]() -> absl::Status {
      LM_ASSIGN_OR_RETURN(const JobPage page, ToJobPage(*request));
      // One more tells whether there is another page.
      LM_ASSIGN_OR_RETURN(std::vector<Job> jobs,
                          jobs_.List(page.states, page.before, page.size + 1));
      const bool more = static_cast<int64_t>(jobs.size()) > page.size;
      if (more) jobs.pop_back();
      if (more) response->set_next_page_token(jobs.back().id());
      for (Job& job : jobs) *response->add_jobs() = std::move(job);
      return absl::OkStatus();
    });
  }

  ServerUnaryReactor* CancelJob(CallbackServerContext* /*context*/,
                                const admin::v1::CancelJobRequest* request,
                                Job* response) override {
    return AnswerWith("CancelJob", *response,
                      [this, request] { return jobs_.Cancel(request->id()); });
  }

  ServerUnaryReactor* ResumeJob(CallbackServerContext* /*context*/,
                                const admin::v1::ResumeJobRequest* request,
                                Job* response) override {
    return AnswerWith("ResumeJob", *response,
                      [this, request] { return jobs_.Resume(request->id()); });
  }

  ServerUnaryReactor* DeleteJob(CallbackServerContext* /*context*/,
                                const admin::v1::DeleteJobRequest* request,
                                google::protobuf::Empty* /*response*/) override {
    return AdminCall("DeleteJob", metrics_, executor_,
                     [this, request] { return jobs_.Delete(request->id()); });
  }

  ServerWriteReactor<Job>* WatchJob(CallbackServerContext* /*context*/,
                                    const admin::v1::WatchJobRequest* request) override {
    const auto call =
        StreamCall<Job>::Create("WatchJob", metrics_, absl::InfiniteDuration(),
                                [this, id = request->id(), last = std::string(),
                                 ended = false](Job& next) mutable -> absl::StatusOr<StreamStep> {
                                  if (ended) return StreamStep::kEnd;
                                  LM_ASSIGN_OR_RETURN(next, jobs_.Get(id));
                                  ended = HasEnded(next.state());
                                  std::string bytes = next.SerializeAsString();
                                  if (bytes != last) {
                                    last = std::move(bytes);
                                    return StreamStep::kWrite;
                                  }
                                  if (ended) return StreamStep::kEnd;
                                  return WaitUnlessStopping();
                                });
    return Watch(request->id(), call);
  }

  ServerWriteReactor<GetJobLogsResponse>* GetJobLogs(
      CallbackServerContext* /*context*/, const admin::v1::GetJobLogsRequest* request) override {
    const auto call = StreamCall<GetJobLogsResponse>::Create(
        "GetJobLogs", metrics_, request->follow() ? kLogPoll : absl::InfiniteDuration(),
        [this, id = request->id(), follow = request->follow(), offset = request->offset()](
            GetJobLogsResponse& next) mutable { return NextLogPiece(id, follow, offset, next); });
    return Watch(request->id(), call);
  }

 private:
  template <class Request>
  ServerUnaryReactor* Create(const char* method, const Request& request, Job& response) {
    return AnswerWith(method, response, [this, &request]() -> absl::StatusOr<Job> {
      LM_ASSIGN_OR_RETURN(const JobRequest checked, ToJobRequest(request));
      return jobs_.Create(request.model(), request.run(), checked);
    });
  }

  template <class Work>
  ServerUnaryReactor* AnswerWith(const char* method, Job& response, Work work) {
    return AdminCall(method, metrics_, executor_,
                     [&response, work = std::move(work)]() mutable -> absl::Status {
                       LM_ASSIGN_OR_RETURN(response, work());
                       return absl::OkStatus();
                     });
  }

  // Begins `call`, which hears of changes of the job. An id that no job can have is the source's to
  // refuse.
  template <class Response>
  ServerWriteReactor<Response>* Watch(const std::string& id,
                                      const std::shared_ptr<StreamCall<Response>>& call) {
    if (const absl::StatusOr<int64_t> number = ParseJobId(id); number.ok()) {
      jobs_.watchers().Add(*number, call);
    }
    return call->Begin();
  }

  absl::StatusOr<StreamStep> NextLogPiece(const std::string& id, bool follow, int64_t& offset,
                                          GetJobLogsResponse& next) {
    if (offset < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("offset: found ", offset, ", wanted 0 or more"));
    }
    // First the state, then the log: what a job wrote before it ended is read.
    LM_ASSIGN_OR_RETURN(const Job job, jobs_.Get(id));
    LM_ASSIGN_OR_RETURN(const int64_t number, ParseJobId(id));
    std::string piece = ReadPiece(jobs_.FolderOf(number).log(), offset);
    if (!piece.empty()) {
      offset += static_cast<int64_t>(piece.size());
      next.set_text(std::move(piece));
      return StreamStep::kWrite;
    }
    if (!follow || HasEnded(job.state())) return StreamStep::kEnd;
    return WaitUnlessStopping();
  }

  [[nodiscard]] absl::StatusOr<StreamStep> WaitUnlessStopping() const {
    if (!jobs_.stopping()) return StreamStep::kWait;
    return absl::UnavailableError("the server is stopping");
  }

  JobScheduler& jobs_;
  Executor& executor_;
  ServerMetrics& metrics_;
};

}  // namespace

std::unique_ptr<grpc::Service> CreateJobService(JobScheduler& jobs, Executor& executor,
                                                ServerMetrics& metrics) {
  return std::make_unique<JobService>(jobs, executor, metrics);
}

}  // namespace localmamba::server
