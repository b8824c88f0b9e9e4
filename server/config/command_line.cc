#include "server/config/command_line.h"

#include <array>
#include <cstddef>
#include <fstream>
#include <sstream>
#include <utility>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "google/protobuf/util/json_util.h"
#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"
#include "localmamba/v1/server_config.pb.h"
#include "model/weights/strict_json.h"
#include "nlohmann/json.hpp"

namespace localmamba::server {
namespace {

enum class Kind : uint8_t { kText, kDuration };

// A flag sets one field of the configuration file, named by its path.
struct Flag {
  const char* name;
  const char* field;
  Kind kind;
  const char* default_text;
  const char* help;
};

constexpr auto kFlags = std::to_array<Flag>({
    {"--model-repository", "model_repository", Kind::kText, "", "Folder of models; required"},
    {"--address", "listen.address", Kind::kText, "127.0.0.1",
     "Address to listen on; 0.0.0.0 for every interface"},
    {"--grpc-port", "listen.grpc_port", Kind::kText, "8500", "Port of gRPC; 0 picks one"},
    {"--http-port", "listen.http_port", Kind::kText, "8501",
     "Port of /metrics, /livez and /readyz; 0 picks one"},
    {"--device", "compute.device", Kind::kText, "auto", "cpu, cuda, cuda:N or auto"},
    {"--dtype", "compute.dtype", Kind::kText, "auto",
     "Type of activations: f32, f16, bf16 or auto (f32 on a CPU, f16 on a GPU)"},
    {"--cpu-threads", "compute.cpu_threads", Kind::kText, "0",
     "Threads of a network on a CPU; 0 for all"},
    {"--instance-count", "compute.instance_count", Kind::kText, "0",
     "Batches of a model version that run at once; 0 for 2 on a GPU and 1 on a CPU"},
    {"--max-request-bytes", "limits.max_request_bytes", Kind::kText, "67108864",
     "Largest request message"},
    {"--max-in-flight-bytes", "limits.max_in_flight_bytes", Kind::kText, "1073741824",
     "Most bytes of requests that are not yet answered, together"},
    {"--max-image-bytes", "limits.max_image_bytes", Kind::kText, "33554432",
     "Largest encoded image"},
    {"--max-image-pixels", "limits.max_image_pixels", Kind::kText, "67108864",
     "Most pixels of an image"},
    {"--max-image-side", "limits.max_image_side", Kind::kText, "32768",
     "Longest side of an image, in pixels"},
    {"--max-aspect-ratio", "limits.max_aspect_ratio", Kind::kText, "200",
     "Largest ratio of an image's sides"},
    {"--decode-threads", "limits.decode_threads", Kind::kText, "0",
     "Threads that decode and resize; 0 for all"},
    {"--max-decode-queue", "limits.max_decode_queue", Kind::kText, "256",
     "Most requests that wait for such a thread"},
    {"--max-frames-per-stream", "limits.max_frames_per_stream", Kind::kText, "32",
     "Most frames of one stream that are worked on at once"},
    {"--max-in-flight-requests", "limits.max_in_flight_requests", Kind::kText, "4096",
     "Most requests that are not yet answered"},
    {"--max-streams", "limits.max_streams", Kind::kText, "1000", "Most streams that are open"},
    {"--client-rate", "limits.client_rate", Kind::kText, "0",
     "Most requests of one client in a second; 0 for no limit"},
    {"--max-batch-size", "batching.max_batch_size", Kind::kText, "8", "Most images in a batch"},
    {"--max-queue-delay", "batching.max_queue_delay", Kind::kDuration, "0s",
     "Longest wait for a batch to fill, such as 2ms"},
    {"--latency-goal", "batching.latency_goal", Kind::kDuration, "0s",
     "Answer every request within this time of its arrival, such as 20ms, or refuse it; 0s: no "
     "goal"},
    {"--max-queue-requests", "batching.max_queue_requests", Kind::kText, "256",
     "Most requests that wait for a model"},
    {"--max-queue-bytes", "batching.max_queue_bytes", Kind::kText, "268435456",
     "Most bytes of pixels that wait for a model"},
    {"--drain-delay", "shutdown.drain_delay", Kind::kDuration, "5s",
     "After SIGTERM, answer as before for this long while reporting NOT_SERVING"},
    {"--drain-timeout", "shutdown.drain_timeout", Kind::kDuration, "30s",
     "Then let requests in flight finish for this long"},
    {"--admin", "admin.enabled", Kind::kText, "true",
     "Whether there is an admin port: jobs, and changes of the models"},
    {"--admin-address", "admin.address", Kind::kText, "127.0.0.1", "Address of the admin port"},
    {"--admin-port", "admin.port", Kind::kText, "8502", "Admin port; 0 picks one"},
    {"--jobs-folder", "admin.jobs_folder", Kind::kText, "",
     "Folder of jobs; default: .jobs in the model repository"},
    {"--max-running-jobs", "admin.max_running_jobs", Kind::kText, "1",
     "Most jobs that run at a time"},
    {"--trainer", "admin.trainer", Kind::kText, "",
     "The program localmamba_trainer; default: beside this one"},
    {"--log-requests", "requests.log_all", Kind::kText, "false", "Log each request"},
    {"--slow-request", "requests.slow_threshold", Kind::kDuration, "0s",
     "Log requests that take so long, with the times of their stages; 0s for none"},
    {"--debug-page", "requests.debug_page", Kind::kText, "false",
     "Show the slowest and the failed requests at /debug/requests of the HTTP port"},
    {"--system-shared-memory", "open_inference.system_shared_memory", Kind::kText, "false",
     "Whether clients of the Open Inference Protocol may share memory with the server"},
    {"--model-control", "open_inference.model_control", Kind::kText, "false",
     "Whether clients of the Open Inference Protocol may load and unload models"},
    {"--repository-mode", "repository.mode", Kind::kText, "explicit",
     "What changes the models that serve: none, explicit (calls, jobs) or poll (the files)"},
    {"--poll-interval", "repository.poll_interval", Kind::kDuration, "15s",
     "In mode poll: how often to look at the files"},
    {"--strict-readiness", "repository.strict_readiness", Kind::kText, "false",
     "Ready only if every model that failed to load serves some version"},
    {"--response-cache-bytes", "response_cache.max_bytes", Kind::kText, "0",
     "Most bytes of answers remembered for images that come again; 0 for none"},
    {"--log-level", "log_level", Kind::kText, "info", "debug, info, warning or error"},
});

// Adds to `proto` what `json`, which came from `source`, sets.
absl::Status MergeJson(const std::string& json, const std::string& source,
                       v1::ServerConfig& proto) {
  v1::ServerConfig parsed;
  const auto status = google::protobuf::util::JsonStringToMessage(json, &parsed);
  if (!status.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(source, ": ", std::string(status.message())));
  }
  proto.MergeFrom(parsed);
  return absl::OkStatus();
}

absl::Status MergeFile(const std::string& path, v1::ServerConfig& proto) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream json;
  // Fails, where iterators would throw, for a folder too.
  if (!(json << file.rdbuf())) {
    return absl::NotFoundError(absl::StrCat("--config: cannot read, or is empty: ", path));
  }
  // Protobuf names no place in malformed text.
  constexpr int kMaxDepth = 8;
  LM_RETURN_IF_ERROR(Annotate(ParseStrictJson(json.str(), kMaxDepth).status(), path));
  LM_RETURN_IF_ERROR(MergeJson(json.str(), path, proto));
  // What is out of range here is the file's fault; whether it names a repository does not matter
  // yet.
  v1::ServerConfig alone = proto;
  if (!alone.has_model_repository()) alone.set_model_repository("any");
  return Annotate(ToServerConfig(alone).status(), path);
}

absl::Status MergeFlag(const Flag& flag, const std::string& value, v1::ServerConfig& proto) {
  std::string text = value;
  if (flag.kind == Kind::kDuration) {
    absl::Duration duration;
    if (!absl::ParseDuration(value, &duration) || duration == absl::InfiniteDuration() ||
        duration == -absl::InfiniteDuration()) {
      return absl::InvalidArgumentError(
          absl::StrCat(flag.name, ": found \"", value, "\", wanted a duration such as 2ms or 5s"));
    }
    text = absl::StrFormat("%.9fs", absl::ToDoubleSeconds(duration));
  }
  nlohmann::json json = text;
  const std::vector<std::string> path = absl::StrSplit(flag.field, '.');
  for (auto name = path.rbegin(); name != path.rend(); ++name) json = {{*name, json}};
  return MergeJson(json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace), flag.name,
                   proto);
}

}  // namespace

absl::StatusOr<std::variant<ServerConfig, HelpText>> ParseCommandLine(
    const std::vector<std::string>& arguments) {
  CLI::App app("Serves LocalMamba vision models over gRPC.", "localmamba_server");
  std::string config_file;
  app.add_option("--config", config_file,
                 "Configuration file: localmamba.v1.ServerConfig as JSON. Flags override it")
      ->type_name("FILE");
  std::array<std::string, kFlags.size()> values;
  std::array<CLI::Option*, kFlags.size()> options{};
  for (size_t i = 0; i < kFlags.size(); ++i) {
    const Flag& flag = kFlags[i];
    const std::string help = *flag.default_text == '\0'
                                 ? flag.help
                                 : absl::StrCat(flag.help, ". Default ", flag.default_text);
    options[i] = app.add_option(flag.name, values[i], help)
                     ->type_name(flag.kind == Kind::kDuration ? "DURATION" : "VALUE");
  }
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp&) {
    return HelpText{app.help()};
  } catch (const CLI::ParseError& error) {
    return absl::InvalidArgumentError(error.what());
  }

  v1::ServerConfig proto;
  if (!config_file.empty()) LM_RETURN_IF_ERROR(MergeFile(config_file, proto));
  for (size_t i = 0; i < kFlags.size(); ++i) {
    if (options[i]->count() > 0) LM_RETURN_IF_ERROR(MergeFlag(kFlags[i], values[i], proto));
  }
  LM_ASSIGN_OR_RETURN(ServerConfig config, ToServerConfig(proto));
  return config;
}

}  // namespace localmamba::server
