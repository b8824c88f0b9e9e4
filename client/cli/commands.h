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

// What the commands about images have in common.
struct ImageOptions {
  std::vector<std::string> images;  // paths
  std::string model;                // "" for the only one
  std::string version;              // number or label; "" for the newest
  std::optional<RawSize> raw;       // unset: JPEG, PNG or WebP
  bool stream = false;              // one call for all images
};

struct ClassifyOptions : ImageOptions {
  std::optional<int32_t> top_k;
};

struct DetectOptions : ImageOptions {
  std::optional<float> score_threshold;
  std::optional<int32_t> max_detections;
  std::vector<std::string> classes;  // names or ids; empty for all
  bool masks = false;
  std::string overlay;  // where pictures go (output_paths.h), "" for none
};

struct SegmentOptions : ImageOptions {
  bool confidence = false;
  std::string overlay;    // where pictures go, "" for none
  std::string label_map;  // where label maps go, "" for none
};

// Each goes on with the next image after a failure, and returns the worst exit code.
ExitCode RunClassify(const VisionClient& client, const ClassifyOptions& options,
                     const CommonOptions& common, std::ostream& out, std::ostream& err);
ExitCode RunDetect(const VisionClient& client, const DetectOptions& options,
                   const CommonOptions& common, std::ostream& out, std::ostream& err);
ExitCode RunSegment(const VisionClient& client, const SegmentOptions& options,
                    const CommonOptions& common, std::ostream& out, std::ostream& err);

ExitCode RunModels(const VisionClient& client, const CommonOptions& common, std::ostream& out,
                   std::ostream& err);

// `model` "" for the whole server. kServerTrouble if it is not serving.
ExitCode RunHealth(const VisionClient& client, const std::string& model,
                   const CommonOptions& common, std::ostream& out, std::ostream& err);

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_CLI_COMMANDS_H_
