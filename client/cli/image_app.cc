#include "client/cli/image_app.h"

#include <iostream>

#include "CLI/CLI.hpp"
#include "client/cli/validators.h"

namespace localmamba::client {
namespace {

constexpr char kOverlayHelp[] =
    "Draws the answer on the picture: a PNG file, or a folder for several images";

}  // namespace

ImageApp::ImageApp(CLI::App& app)
    : classify_(app.add_subcommand("classify", "Tells what images show")),
      detect_(app.add_subcommand("detect", "Finds the objects in images")),
      segment_(app.add_subcommand("segment", "Tells the class of each pixel of images")) {
  AddClassify(*classify_);
  AddDetect(*detect_);
  AddSegment(*segment_);
}

void ImageApp::AddImages(CLI::App& command, ImageOptions& options) {
  command.add_option("images", options.images, "JPEG, PNG or WebP files")
      ->required()
      ->type_name("IMAGE");
  command.add_option("--model", options.model, "Name of the model; needless if there is one");
  command.add_option("--version", options.version,
                     "Number of the version or a label; default: the newest");
  command.add_option("--raw", raw_, "The files hold bare RGB pixels of this size")
      ->check(RawSizeText());
  command.add_flag("--stream", options.stream,
                   "Sends the images over one call, as the frames of a video");
}

void ImageApp::AddClassify(CLI::App& classify) {
  AddImages(classify, classify_options_);
  classify.add_option("--top-k", classify_options_.top_k, "Number of classes to print; default: 5");
}

void ImageApp::AddDetect(CLI::App& detect) {
  AddImages(detect, detect_options_);
  detect.add_option("--overlay", detect_options_.overlay, kOverlayHelp)->type_name("PNG");
  detect.add_option("--score-threshold", detect_options_.score_threshold,
                    "Leaves out objects of a lower score, 0 to 1");
  detect.add_option("--max-detections", detect_options_.max_detections,
                    "Most objects in an image; default: the model's limit");
  detect
      .add_option("--class", detect_options_.classes,
                  "Name or number of a class to look for; several: separated by commas")
      ->delimiter(',')
      ->allow_extra_args(false);
  detect.add_flag(
      "--masks", detect_options_.masks,
      "Asks for the pixels of the objects: run lengths of COCO in the answer of --json");
}

void ImageApp::AddSegment(CLI::App& segment) {
  AddImages(segment, segment_options_);
  segment.add_option("--overlay", segment_options_.overlay, kOverlayHelp)->type_name("PNG");
  segment
      .add_option("--label-map", segment_options_.label_map,
                  "Writes a gray picture of class numbers: a PNG file, or a folder")
      ->type_name("PNG");
  segment.add_flag("--confidence", segment_options_.confidence,
                   "Asks how sure the network is of each class");
}

std::optional<ExitCode> ImageApp::Run(const VisionClient& client, const CommonOptions& common) {
  if (!raw_.empty()) {
    RawSize size;
    ParseRawSize(raw_, size);  // checked when it was parsed
    for (ImageOptions* options : {static_cast<ImageOptions*>(&classify_options_),
                                  static_cast<ImageOptions*>(&detect_options_),
                                  static_cast<ImageOptions*>(&segment_options_)}) {
      options->raw = size;
    }
  }
  if (classify_->parsed()) {
    return RunClassify(client, classify_options_, common, std::cout, std::cerr);
  }
  if (detect_->parsed()) return RunDetect(client, detect_options_, common, std::cout, std::cerr);
  if (segment_->parsed()) {
    return RunSegment(client, segment_options_, common, std::cout, std::cerr);
  }
  return std::nullopt;
}

}  // namespace localmamba::client
