// `classify`, `detect` and `segment` on the command line.
#ifndef LOCALMAMBA_CLIENT_CLI_IMAGE_APP_H_
#define LOCALMAMBA_CLIENT_CLI_IMAGE_APP_H_

#include <optional>
#include <string>

#include "client/cli/commands.h"
#include "client/cli/exit_code.h"
#include "client/cpp/vision_client.h"

namespace CLI {
class App;
}

namespace localmamba::client {

// Adds them to `app`, which refers to this.
class ImageApp {
 public:
  explicit ImageApp(CLI::App& app);
  ImageApp(const ImageApp&) = delete;
  ImageApp& operator=(const ImageApp&) = delete;

  // After the parse: runs what was chosen; nothing if it was none of them.
  std::optional<ExitCode> Run(const VisionClient& client, const CommonOptions& common);

 private:
  // What all of them take.
  void AddImages(CLI::App& command, ImageOptions& options);
  void AddClassify(CLI::App& classify);
  void AddDetect(CLI::App& detect);
  void AddSegment(CLI::App& segment);

  CLI::App* classify_ = nullptr;
  CLI::App* detect_ = nullptr;
  CLI::App* segment_ = nullptr;
  ClassifyOptions classify_options_;
  DetectOptions detect_options_;
  SegmentOptions segment_options_;
  std::string raw_;
};

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_CLI_IMAGE_APP_H_
