#include "server/runtime/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace localmamba::server {
namespace {

absl::StatusOr<spdlog::level::level_enum> ParseLevel(absl::string_view level) {
  if (level == "debug") return spdlog::level::debug;
  if (level == "info") return spdlog::level::info;
  if (level == "warning") return spdlog::level::warn;
  if (level == "error") return spdlog::level::err;
  return absl::InvalidArgumentError(
      absl::StrCat("log_level: \"", level,
                   "\" is unknown, wanted \"debug\", \"info\", \"warning\" or \"error\""));
}

void Write(spdlog::logger& logger, spdlog::level::level_enum level, const char* name,
           absl::string_view message, const nlohmann::ordered_json& fields) {
  if (!logger.should_log(level)) return;
  nlohmann::ordered_json line;
  line["time"] = absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::Now(), absl::UTCTimeZone());
  line["level"] = name;
  line["message"] = std::string(message);
  for (const auto& [key, value] : fields.items()) line[key] = value;
  // `replace`: a path that is not UTF-8 must not end the server.
  logger.log(level, line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace

absl::StatusOr<Log> Log::ToStderr(absl::string_view level) {
  absl::StatusOr<spdlog::level::level_enum> parsed = ParseLevel(level);
  if (!parsed.ok()) return parsed.status();
  auto logger = std::make_shared<spdlog::logger>("localmamba",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern("%v");
  logger->set_level(*parsed);
  logger->flush_on(spdlog::level::debug);
  return Log(std::move(logger));
}

void Log::Info(absl::string_view message, const nlohmann::ordered_json& fields) const {
  Write(*logger_, spdlog::level::info, "info", message, fields);
}

void Log::Warning(absl::string_view message, const nlohmann::ordered_json& fields) const {
  Write(*logger_, spdlog::level::warn, "warning", message, fields);
}

void Log::Error(absl::string_view message, const nlohmann::ordered_json& fields) const {
  Write(*logger_, spdlog::level::err, "error", message, fields);
}

}  // namespace localmamba::server
