// Structured log: one JSON object a line on standard error.
//
//   log.Info("listening", {{"address", "127.0.0.1"}, {"grpc_port", 8500}});
//   {"time":"2024-05-01T12:00:00.123Z","level":"info","message":"listening","address":...}
#ifndef LOCALMAMBA_SERVER_RUNTIME_LOG_H_
#define LOCALMAMBA_SERVER_RUNTIME_LOG_H_

#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

namespace spdlog {
class logger;
}

namespace localmamba::server {

// Safe to use from several threads. Never log what users sent: pictures, or text without a bound.
class Log {
 public:
  // `level` is the least severe to be written: "debug", "info", "warning" or "error".
  // Errors: INVALID_ARGUMENT for another level.
  static absl::StatusOr<Log> ToStderr(absl::string_view level);

  void Info(absl::string_view message, const nlohmann::ordered_json& fields = {}) const;
  void Warning(absl::string_view message, const nlohmann::ordered_json& fields = {}) const;
  void Error(absl::string_view message, const nlohmann::ordered_json& fields = {}) const;

 private:
  explicit Log(std::shared_ptr<spdlog::logger> logger) : logger_(std::move(logger)) {}

  std::shared_ptr<spdlog::logger> logger_;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RUNTIME_LOG_H_
