#include "server/rpc/job_request.h"

#include <limits>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"
#include "server/jobs/job_id.h"
#include "server/repository/change_model.h"
#include "server/rpc/check_text.h"
#include "server/training_run/training_run_proto.h"

namespace localmamba::server {
namespace {

constexpr size_t kMaxKeyBytes = 128;
constexpr int32_t kDefaultPageSize = 100;
constexpr int32_t kMaxPageSize = 1000;

// Equal for equal messages, which the usual serialization does not promise.
template <class Message>
std::string ContentOf(const Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream output(&stream);
  output.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&output);
  output.Trim();
  return bytes;
}

absl::Status CheckAbsolute(absl::string_view field, const std::string& path) {
  if (!path.empty() && path[0] == '/') return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": found \"", path, "\", wanted an absolute path on the server"));
}

template <class Request>
absl::StatusOr<JobRequest> Check(const Request& request) {
  LM_RETURN_IF_ERROR(CheckText(request));
  LM_RETURN_IF_ERROR(CheckModelName(request.model()));
  const std::string& key = request.idempotency_key();
  if (key.size() > kMaxKeyBytes) {
    return absl::InvalidArgumentError(absl::StrCat("idempotency_key: found ", key.size(),
                                                   " bytes, wanted at most ", kMaxKeyBytes));
  }
  LM_RETURN_IF_ERROR(CheckAbsolute("run.data.path", request.run().data().path()));
  if (!request.run().initial_weights().empty()) {
    LM_RETURN_IF_ERROR(CheckAbsolute("run.initial_weights", request.run().initial_weights()));
  }
  LM_RETURN_IF_ERROR(Annotate(TrainingRunFromProto(request.run()).status(), "run"));
  Request content = request;
  content.clear_idempotency_key();
  return JobRequest{.key = key, .content = ContentOf(content)};
}

}  // namespace

absl::StatusOr<JobRequest> ToJobRequest(const admin::v1::CreateTrainingJobRequest& request) {
  if (request.run().has_search()) {
    return absl::InvalidArgumentError(
        "run.search: found one, wanted none: CreateScanSearchJob is for searches");
  }
  return Check(request);
}

absl::StatusOr<JobRequest> ToJobRequest(const admin::v1::CreateScanSearchJobRequest& request) {
  if (!request.run().has_search()) {
    return absl::InvalidArgumentError(
        "run.search: found none, wanted one: CreateTrainingJob is for runs without");
  }
  return Check(request);
}

absl::StatusOr<JobPage> ToJobPage(const admin::v1::ListJobsRequest& request) {
  JobPage page{.states = {}, .before = std::numeric_limits<int64_t>::max(), .size = 0};
  for (const int state : request.states()) {
    if (state == admin::v1::JOB_STATE_UNSPECIFIED || !admin::v1::JobState_IsValid(state)) {
      return absl::InvalidArgumentError(absl::StrCat("states: found ", state, ", wanted a state"));
    }
    page.states.push_back(static_cast<JobState>(state));
  }
  page.size = request.page_size() == 0 ? kDefaultPageSize : request.page_size();
  if (page.size < 1 || page.size > kMaxPageSize) {
    return absl::InvalidArgumentError(
        absl::StrCat("page_size: found ", page.size, ", wanted 1 to ", kMaxPageSize));
  }
  if (!request.page_token().empty()) {
    const absl::StatusOr<int64_t> last = ParseJobId(request.page_token());
    if (!last.ok()) {
      return absl::InvalidArgumentError(
          "page_token: found another text than the next_page_token of a page");
    }
    page.before = *last;
  }
  return page;
}

}  // namespace localmamba::server
