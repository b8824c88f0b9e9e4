#include "server/tracing/request_log.h"

#include <random>

#include "absl/strings/str_cat.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {
namespace {

constexpr size_t kMaxMessageBytes = 1024;

uint64_t RandomNumber() {
  std::random_device device;
  return (uint64_t{device()} << 32U) | device();
}

}  // namespace

nlohmann::ordered_json ToJson(const RequestRecord& record) {
  nlohmann::ordered_json json = {
      {"method", record.method},
      {"request_id", record.request_id},
      {"arrival", absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", record.arrival, absl::UTCTimeZone())},
      {"code", absl::StatusCodeToString(record.status.code())},
      {"total_ms", absl::ToDoubleMilliseconds(record.total)}};
  if (!record.trace_id.empty()) {
    json["trace_id"] = record.trace_id;
    json["parent_id"] = record.parent_id;
  }
  if (!record.status.ok()) {
    json["reason"] = std::string(ToString(ReasonOf(record.status)));
    json["error"] = std::string(record.status.message().substr(0, kMaxMessageBytes));
    return json;
  }
  json["model"] = record.model;
  json["version"] = record.version;
  json["preprocess_ms"] = absl::ToDoubleMilliseconds(record.preprocess);
  json["queue_ms"] = absl::ToDoubleMilliseconds(record.queue);
  json["compute_ms"] = absl::ToDoubleMilliseconds(record.compute);
  json["postprocess_ms"] = absl::ToDoubleMilliseconds(record.postprocess);
  json["batch_size"] = record.batch_size;
  return json;
}

RequestLog::RequestLog(const Options& options, const Log& log, RecentRequests* recent)
    : options_(options), log_(log), recent_(recent), process_(RandomNumber()) {}

std::string RequestLog::MakeId() {
  return absl::StrCat(absl::Hex(process_, absl::kZeroPad16), "-", ++made_ids_);
}

void RequestLog::Add(const RequestRecord& record) const {
  if (record.total >= options_.slow_threshold) {
    log_.Warning("slow request", ToJson(record));
  } else if (options_.log_all) {
    log_.Info("request", ToJson(record));
  }
  if (recent_ != nullptr) recent_->Add(record);
}

}  // namespace localmamba::server
