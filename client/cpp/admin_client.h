// A blocking client of a LocalMamba server's admin port.
//
//   AdminClient client("127.0.0.1:8502");
//   absl::Status status = client.WatchJob("job-1", [](const admin::v1::Job& job) { ... });
#ifndef LOCALMAMBA_CLIENT_CPP_ADMIN_CLIENT_H_
#define LOCALMAMBA_CLIENT_CPP_ADMIN_CLIENT_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "localmamba/admin/v1/jobs.pb.h"
#include "localmamba/admin/v1/models.pb.h"

namespace grpc {
class Channel;
}

namespace localmamba::client {

// Safe to call from several threads. Connects when first used and again after a failure. A call
// gives the server's status (proto/localmamba/admin/v1/jobs.proto and models.proto list them); and
// UNAVAILABLE if no connection comes about, DEADLINE_EXCEEDED if `timeout` passes.
class AdminClient {
 public:
  using Job = admin::v1::Job;

  // `target` is "host:port"; the connection is not encrypted.
  explicit AdminClient(const std::string& target);

  // CreateScanSearchJob if the run has a search, else CreateTrainingJob.
  absl::StatusOr<Job> CreateJob(const v1::TrainingRun& run, const std::string& model,
                                const std::string& idempotency_key, absl::Duration timeout) const;
  absl::StatusOr<Job> GetJob(const std::string& id, absl::Duration timeout) const;
  absl::StatusOr<admin::v1::ListJobsResponse> ListJobs(const admin::v1::ListJobsRequest& request,
                                                       absl::Duration timeout) const;
  absl::StatusOr<Job> CancelJob(const std::string& id, absl::Duration timeout) const;
  absl::StatusOr<Job> ResumeJob(const std::string& id, absl::Duration timeout) const;
  absl::Status DeleteJob(const std::string& id, absl::Duration timeout) const;

  // Calls `on_change` with the job as it is now and after each change, until it has ended.
  absl::Status WatchJob(const std::string& id, absl::FunctionRef<void(const Job&)> on_change) const;
  // Calls `on_text` with pieces of the log from byte `offset` on; with `follow`, until the job has
  // ended.
  absl::Status GetJobLogs(const std::string& id, bool follow, int64_t offset,
                          absl::FunctionRef<void(absl::string_view)> on_text) const;

  absl::StatusOr<admin::v1::ListModelsResponse> ListModels(absl::Duration timeout) const;
  absl::StatusOr<admin::v1::ModelVersion> LoadVersion(const std::string& model, int64_t version,
                                                      absl::Duration timeout) const;
  absl::StatusOr<admin::v1::ModelVersion> UnloadVersion(const std::string& model, int64_t version,
                                                        absl::Duration timeout) const;
  absl::StatusOr<admin::v1::Model> SetVersionLabel(const std::string& model,
                                                   const std::string& label, int64_t version,
                                                   absl::Duration timeout) const;
  absl::Status DeleteVersion(const std::string& model, int64_t version,
                             absl::Duration timeout) const;

 private:
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_CPP_ADMIN_CLIENT_H_
