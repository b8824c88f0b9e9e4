#include "client/cpp/admin_client.h"

#include "client/cpp/call.h"
#include "localmamba/admin/v1/jobs.grpc.pb.h"
#include "localmamba/admin/v1/models.grpc.pb.h"

namespace localmamba::client {
namespace {

using admin::v1::JobService;
using admin::v1::ModelService;
using admin::v1::ModelVersion;

template <class Request>
Request WithId(const std::string& id) {
  Request request;
  request.set_id(id);
  return request;
}

template <class Request>
Request WithVersion(const std::string& model, int64_t version) {
  Request request;
  request.set_model(model);
  request.set_version(version);
  return request;
}

template <class Request>
Request WithRun(const v1::TrainingRun& run, const std::string& model, const std::string& key) {
  Request request;
  *request.mutable_run() = run;
  request.set_model(model);
  request.set_idempotency_key(key);
  return request;
}

}  // namespace

AdminClient::AdminClient(const std::string& target) : channel_(Connect(target, {})) {}

absl::StatusOr<AdminClient::Job> AdminClient::CreateJob(const v1::TrainingRun& run,
                                                        const std::string& model,
                                                        const std::string& idempotency_key,
                                                        absl::Duration timeout) const {
  JobService::Stub stub(channel_);
  if (run.has_search()) {
    return Call<Job>(stub, &JobService::Stub::CreateScanSearchJob,
                     WithRun<admin::v1::CreateScanSearchJobRequest>(run, model, idempotency_key),
                     timeout);
  }
  return Call<Job>(stub, &JobService::Stub::CreateTrainingJob,
                   WithRun<admin::v1::CreateTrainingJobRequest>(run, model, idempotency_key),
                   timeout);
}

absl::StatusOr<AdminClient::Job> AdminClient::GetJob(const std::string& id,
                                                     absl::Duration timeout) const {
  JobService::Stub stub(channel_);
  return Call<Job>(stub, &JobService::Stub::GetJob, WithId<admin::v1::GetJobRequest>(id), timeout);
}

absl::StatusOr<admin::v1::ListJobsResponse> AdminClient::ListJobs(
    const admin::v1::ListJobsRequest& request, absl::Duration timeout) const {
  JobService::Stub stub(channel_);
  return Call<admin::v1::ListJobsResponse>(stub, &JobService::Stub::ListJobs, request, timeout);
}

absl::StatusOr<AdminClient::Job> AdminClient::CancelJob(const std::string& id,
                                                        absl::Duration timeout) const {
  JobService::Stub stub(channel_);
  return Call<Job>(stub, &JobService::Stub::CancelJob, WithId<admin::v1::CancelJobRequest>(id),
                   timeout);
}

absl::StatusOr<AdminClient::Job> AdminClient::ResumeJob(const std::string& id,
                                                        absl::Duration timeout) const {
  JobService::Stub stub(channel_);
  return Call<Job>(stub, &JobService::Stub::ResumeJob, WithId<admin::v1::ResumeJobRequest>(id),
                   timeout);
}

absl::Status AdminClient::DeleteJob(const std::string& id, absl::Duration timeout) const {
  JobService::Stub stub(channel_);
  return Call<google::protobuf::Empty>(stub, &JobService::Stub::DeleteJob,
                                       WithId<admin::v1::DeleteJobRequest>(id), timeout)
      .status();
}

absl::Status AdminClient::WatchJob(const std::string& id,
                                   absl::FunctionRef<void(const Job&)> on_change) const {
  JobService::Stub stub(channel_);
  const auto request = WithId<admin::v1::WatchJobRequest>(id);
  grpc::ClientContext context;
  const auto reader = stub.WatchJob(&context, request);
  for (Job job; reader->Read(&job);) on_change(job);
  return ToStatus(reader->Finish(), context, request);
}

absl::Status AdminClient::GetJobLogs(const std::string& id, bool follow, int64_t offset,
                                     absl::FunctionRef<void(absl::string_view)> on_text) const {
  JobService::Stub stub(channel_);
  auto request = WithId<admin::v1::GetJobLogsRequest>(id);
  request.set_follow(follow);
  request.set_offset(offset);
  grpc::ClientContext context;
  const auto reader = stub.GetJobLogs(&context, request);
  for (admin::v1::GetJobLogsResponse piece; reader->Read(&piece);) on_text(piece.text());
  return ToStatus(reader->Finish(), context, request);
}

absl::StatusOr<admin::v1::ListModelsResponse> AdminClient::ListModels(
    absl::Duration timeout) const {
  ModelService::Stub stub(channel_);
  return Call<admin::v1::ListModelsResponse>(stub, &ModelService::Stub::ListModels,
                                             admin::v1::ListModelsRequest(), timeout);
}

absl::StatusOr<ModelVersion> AdminClient::LoadVersion(const std::string& model, int64_t version,
                                                      absl::Duration timeout) const {
  ModelService::Stub stub(channel_);
  return Call<ModelVersion>(stub, &ModelService::Stub::LoadVersion,
                            WithVersion<admin::v1::LoadVersionRequest>(model, version), timeout);
}

absl::StatusOr<ModelVersion> AdminClient::UnloadVersion(const std::string& model, int64_t version,
                                                        absl::Duration timeout) const {
  ModelService::Stub stub(channel_);
  return Call<ModelVersion>(stub, &ModelService::Stub::UnloadVersion,
                            WithVersion<admin::v1::UnloadVersionRequest>(model, version), timeout);
}

absl::StatusOr<admin::v1::Model> AdminClient::SetVersionLabel(const std::string& model,
                                                              const std::string& label,
                                                              int64_t version,
                                                              absl::Duration timeout) const {
  ModelService::Stub stub(channel_);
  auto request = WithVersion<admin::v1::SetVersionLabelRequest>(model, version);
  request.set_label(label);
  return Call<admin::v1::Model>(stub, &ModelService::Stub::SetVersionLabel, request, timeout);
}

absl::Status AdminClient::DeleteVersion(const std::string& model, int64_t version,
                                        absl::Duration timeout) const {
  ModelService::Stub stub(channel_);
  return Call<google::protobuf::Empty>(stub, &ModelService::Stub::DeleteVersion,
                                       WithVersion<admin::v1::DeleteVersionRequest>(model, version),
                                       timeout)
      .status();
}

}  // namespace localmamba::client
