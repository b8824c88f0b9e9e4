#include "server/rpc/open_inference/model_statistics.h"

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "server/metrics/inference_statistics.h"
#include "server/rpc/open_inference/find_version.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {
namespace {

void ToProto(const InferenceStatistics::Sum& sum, inference::StatisticDuration& proto) {
  proto.set_count(sum.count);
  proto.set_ns(static_cast<uint64_t>(absl::ToInt64Nanoseconds(sum.duration)));
}

void ToProto(const ServedVersion& version, inference::ModelStatistics& proto) {
  const InferenceStatistics::Totals totals = version.statistics().totals();
  proto.set_name(version.model().model);
  proto.set_version(absl::StrCat(version.model().version));
  proto.set_last_inference(static_cast<uint64_t>(absl::ToUnixMillis(totals.last_request)));
  proto.set_inference_count(totals.images);
  proto.set_execution_count(totals.batches);
  inference::InferStatistics& sums = *proto.mutable_inference_stats();
  ToProto(totals.success, *sums.mutable_success());
  ToProto(totals.fail, *sums.mutable_fail());
  ToProto(totals.queue, *sums.mutable_queue());
  ToProto(totals.input, *sums.mutable_compute_input());
  ToProto(totals.infer, *sums.mutable_compute_infer());
  ToProto(totals.output, *sums.mutable_compute_output());
  for (const auto& [images, durations] : totals.by_batch_size) {
    inference::InferBatchStatistics& batch = *proto.add_batch_stats();
    batch.set_batch_size(images);
    ToProto(durations.input, *batch.mutable_compute_input());
    ToProto(durations.infer, *batch.mutable_compute_infer());
    ToProto(durations.output, *batch.mutable_compute_output());
  }
}

}  // namespace

absl::Status DescribeStatistics(const ServedModels& models, const std::string& name,
                                const std::string& version,
                                inference::ModelStatisticsResponse& response) {
  LM_RETURN_IF_ERROR(CheckVersion(version));
  if (name.empty() && !version.empty()) {
    return InvalidRequest("name: found none with a version, wanted the name of a model");
  }
  if (!name.empty()) LM_RETURN_IF_ERROR(models.Find(name, version).status());
  for (const ServedModels::Listed& listed : models.List()) {
    const ModelVersion& model = listed.version->model();
    const bool wanted = (name.empty() || name == model.model) &&
                        (version.empty() || version == absl::StrCat(model.version));
    if (wanted) ToProto(*listed.version, *response.add_model_stats());
  }
  return absl::OkStatus();
}

}  // namespace localmamba::server
