// The evaluation of segmenters: aAcc, mIoU, mAcc, and both of each class.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"
#include "model/data/file_tree.h"
#include "model/data/label_map_folder.h"
#include "model/heads/segment_image.h"
#include "model/metrics/segmentation_metric.h"
#include "server/repository/json_layout.h"
#include "tool/evaluate_options.h"
#include "tool/progress_line.h"

namespace localmamba::tool {
namespace {

using nlohmann::ordered_json;

std::optional<SlideConfig> ChooseSlide(const ModelVersion& version, const std::string& mode) {
  const std::optional<SlideConfig>& slide = std::get<SegmentationConfig>(version.spec.head).slide;
  if (mode.empty()) return slide;
  if (mode == "whole") return std::nullopt;
  return slide.value_or(SlideConfig());
}

absl::Span<const int32_t> Elements(const Tensor& labels) {
  return {labels.data<int32_t>(), static_cast<size_t>(labels.elements())};
}

// Labels of one image, found and right.
absl::Status AddImage(const Tensor& predicted, const Tensor& labels, SegmentationMetric& metric) {
  if (predicted.shape() != labels.shape()) {
    return absl::InvalidArgumentError(absl::StrCat("is of shape ", predicted.shape().ToString(),
                                                   ", its label map of ",
                                                   labels.shape().ToString()));
  }
  return metric.Add(Elements(predicted), Elements(labels));
}

// A share, or null if it is defined for nothing.
ordered_json Share(double value) {
  return std::isnan(value) ? ordered_json() : ordered_json(value);
}

// In percent, or "-".
std::string Percent(double value) {
  if (std::isnan(value)) return "-";
  std::string text(16, '\0');
  text.resize(static_cast<size_t>(std::snprintf(text.data(), text.size(), "%.2f", 100 * value)));
  return text;
}

ordered_json Report(const SegmentationMetric& metric, const std::vector<std::string>& names) {
  ordered_json classes = ordered_json::array();
  for (size_t i = 0; i < names.size(); ++i) {
    const ClassAreas& areas = metric.classes()[i];
    classes.push_back({{"name", names[i]},
                       {"iou", Share(areas.iou())},
                       {"accuracy", Share(areas.accuracy())},
                       {"labelled_pixels", areas.labelled}});
  }
  return {{"pixel_accuracy", Share(metric.pixel_accuracy())},
          {"mean_iou", Share(metric.mean_iou())},
          {"mean_accuracy", Share(metric.mean_accuracy())},
          {"classes", std::move(classes)}};
}

void PrintTable(const SegmentationMetric& metric, const std::vector<std::string>& names) {
  std::printf("%-32s %8s %8s\n", "class", "IoU", "accuracy");
  for (size_t i = 0; i < names.size(); ++i) {
    const ClassAreas& areas = metric.classes()[i];
    std::printf("%-32s %8s %8s\n", names[i].c_str(), Percent(areas.iou()).c_str(),
                Percent(areas.accuracy()).c_str());
  }
  std::printf("aAcc %s  mIoU %s  mAcc %s\n", Percent(metric.pixel_accuracy()).c_str(),
              Percent(metric.mean_iou()).c_str(), Percent(metric.mean_accuracy()).c_str());
}

}  // namespace

absl::Status EvaluateSegmenter(const ModelVersion& version, const EvaluateOptions& options) {
  LM_ASSIGN_OR_RETURN(const std::shared_ptr<const FileTree> tree, FileTree::Open(options.data));
  LM_ASSIGN_OR_RETURN(const LabelMapFolder data,
                      LabelMapFolder::Open(tree, options.part.value_or("val"),
                                           {.reduce_zero_label = options.reduce_zero_label}));
  const std::optional<SlideConfig> slide = ChooseSlide(version, options.mode);
  const std::vector<int64_t> indices = ChooseImages(options, data.size());
  LM_ASSIGN_OR_RETURN(const std::unique_ptr<Allocator> memory,
                      CreateDeviceAllocator(Device::Cpu()));
  LM_ASSIGN_OR_RETURN(Stream stream, Stream::Create(Device::Cpu(), 0));
  LM_ASSIGN_OR_RETURN(const std::unique_ptr<KeepRatioLoader> loader,
                      LoadImages(version, options, data, indices, *memory));

  const Timer timer;
  ProgressLine progress(static_cast<int64_t>(indices.size()));
  SegmentationMetric metric(NumClasses(version.spec));
  int64_t images = 0;
  while (true) {
    LM_ASSIGN_OR_RETURN(const std::optional<LoadedImage> loaded, loader->Next());
    if (!loaded.has_value()) break;
    const auto& [index, image] = *loaded;
    LM_ASSIGN_OR_RETURN(const Tensor labels, data.ReadLabels(index, *memory));
    LM_ASSIGN_OR_RETURN(
        const Tensor logits,
        SegmentInput(*version.engines.front(),
                     image.input.Reshape({1, 3, image.input.dim(1), image.input.dim(2)}), slide,
                     stream));
    LM_ASSIGN_OR_RETURN(const Tensor predicted, LabelMap(logits, image.geometry, stream));
    LM_RETURN_IF_ERROR(Annotate(AddImage(predicted, labels, metric), data.path(index)));
    progress.Show(++images + loader->unreadable());
  }
  const double seconds = timer.seconds();

  if (options.json) {
    ordered_json report = {{"images", images},
                           {"unreadable", loader->unreadable()},
                           {"mode", slide.has_value() ? "slide" : "whole"}};
    report.update(Report(metric, version.labels));
    report["seconds"] = seconds;
    std::fputs(LayOutJson(report).c_str(), stdout);
    return absl::OkStatus();
  }
  PrintTable(metric, version.labels);
  std::printf("%s  images %lld  unreadable %lld  %.1f s\n", slide.has_value() ? "slide" : "whole",
              static_cast<long long>(images), static_cast<long long>(loader->unreadable()),
              seconds);
  return absl::OkStatus();
}

}  // namespace localmamba::tool
