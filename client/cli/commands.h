// The subcommands of `localmamba`. Each writes answers to `out`, troubles to `err`, and returns
// what the program exits with. With `json`, every line of `out` is one JSON object, troubles
// included.
#ifndef LOCALMAMBA_CLIENT_CLI_COMMANDS_H_
#define LOCALMAMBA_CLIENT_CLI_COMMANDS_H_

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/cli/exit_code.h"
#include "client/cli/image_request.h"
#include "client/cpp/vision_client.h"

namespace localmamba::client {

struct CommonOptions {
  absl::Duration timeout = absl::Seconds(30);
  bool json = false;
};

struct ClassifyOptions {
  std::vector<std::string> images;  // paths
  std::string model;                // "" for the only one
  std::string version;              // number or label; "" for the newest
  std::optional<int32_t> top_k;
  std::optional<RawSize> raw;  // unset: JPEG, PNG or WebP
};

// Goes on with the next image after a failure; returns the worst exit code.
ExitCode RunClassify(const VisionClient& client, const ClassifyOptions& options,
                     const CommonOptions& common, std::ostream& out, std::ostream& err);

ExitCode RunModels(const VisionClient& client, const CommonOptions& common, std::ostream& out,
                   std::ostream& err);

// `model` "" for the whole server. kServerTrouble if it is not serving.
ExitCode RunHealth(const VisionClient& client, const std::string& model,
                   const CommonOptions& common, std::ostream& out, std::ostream& err);

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_CLI_COMMANDS_H_
