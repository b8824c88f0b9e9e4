#include "server/config/server_config.h"

#include <algorithm>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "localmamba/v1/server_config.pb.h"

namespace localmamba::server {
namespace {

constexpr int kMaxInt = std::numeric_limits<int>::max();
constexpr int64_t kMaxInt64 = std::numeric_limits<int64_t>::max();
constexpr int kMaxThreads = 1024;
constexpr int kMaxInstances = 16;

template <class T>
absl::Status CheckRange(absl::string_view field, T found, T low, T high) {
  if (low <= found && found <= high) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": found ", found, ", wanted ", low, " to ", high));
}

absl::Status CheckNotNegative(absl::string_view field, absl::Duration found) {
  if (found >= absl::ZeroDuration()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": found ", absl::FormatDuration(found), ", wanted 0s or more"));
}

absl::Status CheckPositive(absl::string_view field, absl::Duration found) {
  if (found > absl::ZeroDuration()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": found ", absl::FormatDuration(found), ", wanted more than 0s"));
}

absl::Duration ToDuration(const google::protobuf::Duration& proto) {
  return absl::Seconds(proto.seconds()) + absl::Nanoseconds(proto.nanos());
}

// A key of HTTP/2 headers as gRPC takes it, or "".
absl::Status CheckMetadataKey(absl::string_view field, const std::string& found) {
  const auto is_allowed = [](char c) {
    return absl::StrContains("abcdefghijklmnopqrstuvwxyz0123456789-_.", c);
  };
  if (std::all_of(found.begin(), found.end(), is_allowed)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": found \"", found,
                   "\", wanted a key of metadata: small letters, digits, \"-\", \"_\", \".\""));
}

absl::Status Check(const ListenConfig& listen) {
  if (listen.address.empty()) {
    return absl::InvalidArgumentError("listen.address: found \"\", wanted an address");
  }
  LM_RETURN_IF_ERROR(CheckRange("listen.grpc_port", listen.grpc_port, 0, 65535));
  return CheckRange("listen.http_port", listen.http_port, 0, 65535);
}

absl::Status Check(const RequestLimits& limits) {
  LM_RETURN_IF_ERROR(CheckRange("limits.max_request_bytes", limits.max_request_bytes, 1, kMaxInt));
  LM_RETURN_IF_ERROR(CheckRange("limits.max_in_flight_bytes", limits.max_in_flight_bytes,
                                int64_t{limits.max_request_bytes}, kMaxInt64));
  LM_RETURN_IF_ERROR(
      CheckRange("limits.max_image_bytes", limits.max_image_bytes, int64_t{1}, kMaxInt64));
  LM_RETURN_IF_ERROR(
      CheckRange("limits.max_image_pixels", limits.max_image_pixels, int64_t{1}, kMaxInt64 / 4));
  LM_RETURN_IF_ERROR(
      CheckRange("limits.max_image_side", limits.max_image_side, int64_t{1}, int64_t{1} << 24));
  LM_RETURN_IF_ERROR(CheckRange("limits.max_aspect_ratio", limits.max_aspect_ratio, 1.0, 1e6));
  LM_RETURN_IF_ERROR(CheckRange("limits.decode_threads", limits.decode_threads, 0, kMaxThreads));
  LM_RETURN_IF_ERROR(CheckRange("limits.max_decode_queue", limits.max_decode_queue, 1, kMaxInt));
  LM_RETURN_IF_ERROR(
      CheckRange("limits.max_frames_per_stream", limits.max_frames_per_stream, 1, kMaxInt));
  LM_RETURN_IF_ERROR(CheckRange("limits.max_in_flight_requests", limits.max_in_flight_requests,
                                int64_t{1}, kMaxInt64));
  LM_RETURN_IF_ERROR(CheckRange("limits.max_streams", limits.max_streams, 0, kMaxInt));
  LM_RETURN_IF_ERROR(CheckRange("limits.client_rate", limits.client_rate, 0.0, 1e9));
  if (limits.client_burst != 0) {
    LM_RETURN_IF_ERROR(CheckRange("limits.client_burst", limits.client_burst, 1.0, 1e9));
  }
  return CheckMetadataKey("limits.client_key", limits.client_key);
}

// 0 if `zero_is_allowed`, else as gRPC takes it: whole milliseconds in an int.
absl::Status CheckMilliseconds(absl::string_view field, absl::Duration found,
                               bool zero_is_allowed = false) {
  if (zero_is_allowed && found == absl::ZeroDuration()) return absl::OkStatus();
  if (absl::Milliseconds(1) <= found && found <= absl::Milliseconds(kMaxInt)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(field, ": found ", absl::FormatDuration(found),
                                                 ", wanted ", zero_is_allowed ? "0s or " : "",
                                                 "1ms to 24 days"));
}

absl::Status Check(const ConnectionConfig& config) {
  LM_RETURN_IF_ERROR(
      CheckRange("connections.max_concurrent_calls", config.max_concurrent_calls, 1, kMaxInt));
  LM_RETURN_IF_ERROR(
      CheckRange("connections.max_metadata_bytes", config.max_metadata_bytes, 1024, 16 << 20));
  LM_RETURN_IF_ERROR(CheckMilliseconds("connections.handshake_timeout", config.handshake_timeout));
  LM_RETURN_IF_ERROR(CheckMilliseconds("connections.keepalive_time", config.keepalive_time));
  LM_RETURN_IF_ERROR(CheckMilliseconds("connections.keepalive_timeout", config.keepalive_timeout));
  LM_RETURN_IF_ERROR(CheckMilliseconds("connections.min_ping_interval", config.min_ping_interval,
                                       /*zero_is_allowed=*/true));
  LM_RETURN_IF_ERROR(
      CheckMilliseconds("connections.max_idle", config.max_idle, /*zero_is_allowed=*/true));
  return CheckMilliseconds("connections.max_age", config.max_age, /*zero_is_allowed=*/true);
}

absl::Status CheckPreferredSizes(const BatchingConfig& batching) {
  int smallest = 1;
  for (const int size : batching.preferred_batch_sizes) {
    LM_RETURN_IF_ERROR(CheckRange("preferred_batch_sizes (ascending, at most max_batch_size)", size,
                                  smallest, batching.max_batch_size));
    smallest = size + 1;
  }
  return absl::OkStatus();
}

// Messages name the field without its path.
absl::Status Check(const BatchingConfig& batching) {
  LM_RETURN_IF_ERROR(CheckRange("max_batch_size", batching.max_batch_size, 1, 4096));
  LM_RETURN_IF_ERROR(CheckPreferredSizes(batching));
  LM_RETURN_IF_ERROR(CheckNotNegative("max_queue_delay", batching.max_queue_delay));
  LM_RETURN_IF_ERROR(CheckRange("max_queue_requests", batching.max_queue_requests, 1, kMaxInt));
  LM_RETURN_IF_ERROR(
      CheckRange("max_queue_bytes", batching.max_queue_bytes, int64_t{1}, kMaxInt64));
  LM_RETURN_IF_ERROR(CheckRange("priority_levels", batching.priority_levels, 1, 100));
  LM_RETURN_IF_ERROR(
      CheckRange("default_priority", batching.default_priority, 1, batching.priority_levels));
  LM_RETURN_IF_ERROR(CheckPositive("priority_ageing", batching.priority_ageing));
  LM_RETURN_IF_ERROR(CheckNotNegative("queue_timeout", batching.queue_timeout));
  LM_RETURN_IF_ERROR(CheckRange("weight", batching.weight, 1e-3, 1e3));
  return CheckNotNegative("latency_goal", batching.latency_goal);
}

// "batching.max_batch_size: found ...".
absl::Status CheckAt(absl::string_view path, const BatchingConfig& batching) {
  const absl::Status status = Check(batching);
  if (status.ok()) return status;
  return {status.code(), absl::StrCat(path, ".", status.message())};
}

absl::Status Check(const AdminConfig& admin) {
  if (admin.address.empty()) {
    return absl::InvalidArgumentError("admin.address: found \"\", wanted an address");
  }
  LM_RETURN_IF_ERROR(CheckRange("admin.port", admin.port, 0, 65535));
  LM_RETURN_IF_ERROR(CheckRange("admin.max_running_jobs", admin.max_running_jobs, 1, 1024));
  LM_RETURN_IF_ERROR(CheckRange("admin.max_queued_jobs", admin.max_queued_jobs, 1, 1'000'000));
  return CheckNotNegative("admin.stop_grace", admin.stop_grace);
}

absl::Status Check(const RepositoryConfig& repository) {
  if (repository.mode != "none" && repository.mode != "explicit" && repository.mode != "poll") {
    return absl::InvalidArgumentError(absl::StrCat("repository.mode: found \"", repository.mode,
                                                   "\", wanted none, explicit or poll"));
  }
  constexpr absl::Duration kShortest = absl::Milliseconds(10);
  if (repository.poll_interval >= kShortest) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("repository.poll_interval: found ",
                                                 absl::FormatDuration(repository.poll_interval),
                                                 ", wanted 10ms or more"));
}

absl::Status Check(const ServerConfig& config) {
  if (config.model_repository.empty()) {
    return absl::InvalidArgumentError(
        "model_repository: found none, wanted a folder of models (--model-repository)");
  }
  LM_RETURN_IF_ERROR(Check(config.listen));
  LM_RETURN_IF_ERROR(CheckRange("compute.cpu_threads", config.compute.cpu_threads, 0, kMaxThreads));
  LM_RETURN_IF_ERROR(
      CheckRange("compute.instance_count", config.compute.instance_count, 0, kMaxInstances));
  LM_RETURN_IF_ERROR(Check(config.limits));
  LM_RETURN_IF_ERROR(Check(config.connections));
  LM_RETURN_IF_ERROR(CheckNotNegative("requests.slow_threshold", config.requests.slow_threshold));
  LM_RETURN_IF_ERROR(CheckAt("batching", config.batching));
  for (const auto& [model, batching] : config.model_batching) {
    LM_RETURN_IF_ERROR(CheckAt(absl::StrCat("model_batching[\"", model, "\"]"), batching));
  }
  LM_RETURN_IF_ERROR(Check(config.admin));
  LM_RETURN_IF_ERROR(Check(config.repository));
  LM_RETURN_IF_ERROR(CheckRange("response_cache.max_bytes", config.response_cache.max_bytes,
                                int64_t{0}, kMaxInt64));
  LM_RETURN_IF_ERROR(CheckNotNegative("shutdown.drain_delay", config.shutdown.drain_delay));
  return CheckNotNegative("shutdown.drain_timeout", config.shutdown.drain_timeout);
}

// Sets config.FIELD from proto.FIELD() if that is set.
#define LM_OVERRIDE(config, proto, field) \
  if ((proto).has_##field()) (config).field = (proto).field()
#define LM_OVERRIDE_DURATION(config, proto, field) \
  if ((proto).has_##field()) (config).field = ToDuration((proto).field())

void Override(const v1::ListenConfig& proto, ListenConfig& config) {
  LM_OVERRIDE(config, proto, address);
  LM_OVERRIDE(config, proto, grpc_port);
  LM_OVERRIDE(config, proto, http_port);
}

void Override(const v1::ComputeConfig& proto, ComputeConfig& config) {
  LM_OVERRIDE(config, proto, device);
  LM_OVERRIDE(config, proto, dtype);
  LM_OVERRIDE(config, proto, cpu_threads);
  LM_OVERRIDE(config, proto, instance_count);
}

void Override(const v1::RequestLimits& proto, RequestLimits& config) {
  LM_OVERRIDE(config, proto, max_request_bytes);
  LM_OVERRIDE(config, proto, max_in_flight_bytes);
  LM_OVERRIDE(config, proto, max_image_bytes);
  LM_OVERRIDE(config, proto, max_image_pixels);
  LM_OVERRIDE(config, proto, max_image_side);
  LM_OVERRIDE(config, proto, max_aspect_ratio);
  LM_OVERRIDE(config, proto, decode_threads);
  LM_OVERRIDE(config, proto, max_decode_queue);
  LM_OVERRIDE(config, proto, max_frames_per_stream);
  LM_OVERRIDE(config, proto, max_in_flight_requests);
  LM_OVERRIDE(config, proto, max_streams);
  LM_OVERRIDE(config, proto, client_rate);
  LM_OVERRIDE(config, proto, client_burst);
  LM_OVERRIDE(config, proto, client_key);
}

void Override(const v1::BatchingConfig& proto, BatchingConfig& config) {
  LM_OVERRIDE(config, proto, max_batch_size);
  LM_OVERRIDE_DURATION(config, proto, max_queue_delay);
  LM_OVERRIDE(config, proto, max_queue_requests);
  LM_OVERRIDE(config, proto, max_queue_bytes);
  if (proto.preferred_batch_sizes_size() > 0) {
    config.preferred_batch_sizes.assign(proto.preferred_batch_sizes().begin(),
                                        proto.preferred_batch_sizes().end());
  }
  LM_OVERRIDE(config, proto, priority_levels);
  LM_OVERRIDE(config, proto, default_priority);
  LM_OVERRIDE_DURATION(config, proto, priority_ageing);
  LM_OVERRIDE_DURATION(config, proto, queue_timeout);
  if (proto.has_timeout_action()) {
    config.delay_on_timeout = proto.timeout_action() == v1::BatchingConfig::TIMEOUT_ACTION_DELAY;
  }
  LM_OVERRIDE(config, proto, allow_timeout_override);
  LM_OVERRIDE(config, proto, weight);
  LM_OVERRIDE_DURATION(config, proto, latency_goal);
}

void Override(const v1::ShutdownConfig& proto, ShutdownConfig& config) {
  LM_OVERRIDE_DURATION(config, proto, drain_delay);
  LM_OVERRIDE_DURATION(config, proto, drain_timeout);
}

void Override(const v1::AdminConfig& proto, AdminConfig& config) {
  LM_OVERRIDE(config, proto, enabled);
  LM_OVERRIDE(config, proto, address);
  LM_OVERRIDE(config, proto, port);
  LM_OVERRIDE(config, proto, jobs_folder);
  LM_OVERRIDE(config, proto, max_running_jobs);
  LM_OVERRIDE(config, proto, max_queued_jobs);
  config.devices.assign(proto.devices().begin(), proto.devices().end());
  LM_OVERRIDE(config, proto, trainer);
  LM_OVERRIDE_DURATION(config, proto, stop_grace);
}

void Override(const v1::ConnectionConfig& proto, ConnectionConfig& config) {
  LM_OVERRIDE(config, proto, max_concurrent_calls);
  LM_OVERRIDE(config, proto, max_metadata_bytes);
  LM_OVERRIDE_DURATION(config, proto, handshake_timeout);
  LM_OVERRIDE_DURATION(config, proto, keepalive_time);
  LM_OVERRIDE_DURATION(config, proto, keepalive_timeout);
  LM_OVERRIDE_DURATION(config, proto, min_ping_interval);
  LM_OVERRIDE_DURATION(config, proto, max_idle);
  LM_OVERRIDE_DURATION(config, proto, max_age);
}

void Override(const v1::OpenInferenceConfig& proto, OpenInferenceConfig& config) {
  LM_OVERRIDE(config, proto, system_shared_memory);
  LM_OVERRIDE(config, proto, model_control);
}

void Override(const v1::RepositoryConfig& proto, RepositoryConfig& config) {
  LM_OVERRIDE(config, proto, mode);
  LM_OVERRIDE_DURATION(config, proto, poll_interval);
  LM_OVERRIDE(config, proto, strict_readiness);
}

}  // namespace

absl::StatusOr<ServerConfig> ToServerConfig(const v1::ServerConfig& proto) {
  ServerConfig config;
  LM_OVERRIDE(config, proto, model_repository);
  Override(proto.listen(), config.listen);
  Override(proto.compute(), config.compute);
  Override(proto.limits(), config.limits);
  Override(proto.batching(), config.batching);
  for (const auto& [model, batching] : proto.model_batching()) {
    BatchingConfig& of_model = config.model_batching[model];
    of_model = config.batching;
    Override(batching, of_model);
  }
  Override(proto.shutdown(), config.shutdown);
  LM_OVERRIDE(config, proto, log_level);
  Override(proto.admin(), config.admin);
  Override(proto.connections(), config.connections);
  LM_OVERRIDE(config.requests, proto.requests(), log_all);
  LM_OVERRIDE_DURATION(config.requests, proto.requests(), slow_threshold);
  LM_OVERRIDE(config.requests, proto.requests(), debug_page);
  Override(proto.open_inference(), config.open_inference);
  Override(proto.repository(), config.repository);
  LM_OVERRIDE(config.response_cache, proto.response_cache(), max_bytes);
  LM_RETURN_IF_ERROR(Check(config));
  return config;
}

}  // namespace localmamba::server
