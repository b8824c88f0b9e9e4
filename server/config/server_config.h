// Everything that can be configured: meaning, unit and default of each value are with the fields of
// localmamba.v1.ServerConfig (proto/localmamba/v1/server_config.proto), whose names these are.
#ifndef LOCALMAMBA_SERVER_CONFIG_SERVER_CONFIG_H_
#define LOCALMAMBA_SERVER_CONFIG_SERVER_CONFIG_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace localmamba::v1 {
class ServerConfig;
}

namespace localmamba::server {

struct ListenConfig {
  std::string address = "127.0.0.1";
  int grpc_port = 8500;
  int http_port = 8501;
  bool operator==(const ListenConfig&) const = default;
};

struct ComputeConfig {
  std::string device = "auto";
  std::string dtype = "auto";
  int cpu_threads = 0;
  int instance_count = 0;
  bool operator==(const ComputeConfig&) const = default;
};

struct RequestLimits {
  int max_request_bytes = 64 << 20;
  int64_t max_in_flight_bytes = int64_t{1} << 30;
  int64_t max_image_bytes = int64_t{32} << 20;
  int64_t max_image_pixels = int64_t{64} << 20;
  int64_t max_image_side = 32768;
  double max_aspect_ratio = 200;
  int decode_threads = 0;
  int max_decode_queue = 256;
  int max_frames_per_stream = 32;
  int64_t max_in_flight_requests = 4096;
  int max_streams = 1000;
  double client_rate = 0;
  double client_burst = 0;
  std::string client_key;
  bool operator==(const RequestLimits&) const = default;
};

struct BatchingConfig {
  int max_batch_size = 8;
  absl::Duration max_queue_delay = absl::ZeroDuration();
  int max_queue_requests = 256;
  int64_t max_queue_bytes = int64_t{256} << 20;
  std::vector<int> preferred_batch_sizes;
  int priority_levels = 1;
  int default_priority = 1;
  absl::Duration priority_ageing = absl::Seconds(1);
  absl::Duration queue_timeout = absl::ZeroDuration();
  bool delay_on_timeout = false;  // timeout_action
  bool allow_timeout_override = true;
  double weight = 1;
  absl::Duration latency_goal = absl::ZeroDuration();
  bool operator==(const BatchingConfig&) const = default;
};

struct ShutdownConfig {
  absl::Duration drain_delay = absl::Seconds(5);
  absl::Duration drain_timeout = absl::Seconds(30);
  bool operator==(const ShutdownConfig&) const = default;
};

struct OpenInferenceConfig {
  bool system_shared_memory = false;
  bool model_control = false;
  bool operator==(const OpenInferenceConfig&) const = default;
};

struct AdminConfig {
  bool enabled = true;
  std::string address = "127.0.0.1";
  int port = 8502;
  std::string jobs_folder;
  int max_running_jobs = 1;
  int max_queued_jobs = 100;
  std::vector<std::string> devices;
  std::string trainer;
  absl::Duration stop_grace = absl::Seconds(30);
  bool operator==(const AdminConfig&) const = default;
};

struct ConnectionConfig {
  int max_concurrent_calls = 1000;
  int max_metadata_bytes = 8192;
  absl::Duration handshake_timeout = absl::Seconds(20);
  absl::Duration keepalive_time = absl::Seconds(60);
  absl::Duration keepalive_timeout = absl::Seconds(20);
  absl::Duration min_ping_interval = absl::Seconds(10);
  absl::Duration max_idle = absl::Minutes(30);
  absl::Duration max_age = absl::ZeroDuration();
  bool operator==(const ConnectionConfig&) const = default;
};

struct RequestLogConfig {
  bool log_all = false;
  absl::Duration slow_threshold = absl::ZeroDuration();
  bool debug_page = false;
  bool operator==(const RequestLogConfig&) const = default;
};

struct RepositoryConfig {
  std::string mode = "explicit";
  absl::Duration poll_interval = absl::Seconds(15);
  bool strict_readiness = false;
  bool operator==(const RepositoryConfig&) const = default;
};

struct ResponseCacheConfig {
  int64_t max_bytes = 0;
  bool operator==(const ResponseCacheConfig&) const = default;
};

struct ServerConfig {
  std::string model_repository;
  ListenConfig listen;
  ComputeConfig compute;
  RequestLimits limits;
  BatchingConfig batching;
  ShutdownConfig shutdown;
  std::string log_level = "info";
  AdminConfig admin;
  std::map<std::string, BatchingConfig> model_batching;  // complete: over `batching`
  ConnectionConfig connections;
  RequestLogConfig requests;
  OpenInferenceConfig open_inference;
  RepositoryConfig repository;
  ResponseCacheConfig response_cache;
  bool operator==(const ServerConfig&) const = default;
};

// The message's values over the defaults. Errors: INVALID_ARGUMENT naming the first field that is
// missing or out of range, what was found and what was wanted.
absl::StatusOr<ServerConfig> ToServerConfig(const v1::ServerConfig& proto);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_CONFIG_SERVER_CONFIG_H_
