// The evaluation of detectors: COCO's twelve numbers for boxes and for masks.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "model/data/coco_dataset.h"
#include "model/data/file_tree.h"
#include "model/data/format_coco.h"
#include "model/metrics/coco_metric.h"
#include "model/weights/atomic_file.h"
#include "server/repository/json_layout.h"
#include "tool/detect_images.h"
#include "tool/evaluate_options.h"
#include "tool/progress_line.h"

namespace localmamba::tool {
namespace {

using nlohmann::ordered_json;

// Whether the labels say nothing: "class_0", "class_1", ...
bool AreNumbers(const std::vector<std::string>& labels) {
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] != absl::StrCat("class_", i)) return false;
  }
  return true;
}

// The category of each class of the model: of the same name or, if the model has no names, by the
// order of the file.
absl::StatusOr<std::vector<int64_t>> MatchCategories(const CocoGroundTruth& truth,
                                                     const ModelVersion& version) {
  const std::vector<std::string>& labels = version.labels;
  if (AreNumbers(labels)) {
    if (truth.category_order.size() == labels.size()) return truth.category_order;
    return absl::InvalidArgumentError(absl::StrCat(
        "--annotations: ", truth.category_order.size(), " categories, wanted the ", labels.size(),
        " classes of model \"", version.model, "\", which has no labels"));
  }
  std::vector<int64_t> categories(labels.size(), ImageDetector::kNoCategory);
  for (const int64_t id : truth.category_order) {
    const std::string& name = truth.categories.at(id);
    const auto found = std::find(labels.begin(), labels.end(), name);
    if (found == labels.end()) {
      return absl::InvalidArgumentError(absl::StrCat("--annotations: has the category \"", name,
                                                     "\", wanted labels of model \"", version.model,
                                                     "\", such as \"", labels.front(), "\""));
    }
    categories[static_cast<size_t>(found - labels.begin())] = id;
  }
  return categories;
}

absl::Status CheckSize(const CocoDataset& data, const LoadedImage& loaded) {
  const CocoImage& wanted = data.image(loaded.index);
  const ImageGeometry& found = loaded.image.geometry;
  if (found.source_height == wanted.height && found.source_width == wanted.width) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat(wanted.file_name, ": ", found.source_width, "x", found.source_height,
                   " pixels, the annotations say ", wanted.width, "x", wanted.height));
}

struct Evaluation {
  CocoGroundTruth truth;  // of the images that were read
  std::vector<CocoResult> results;
  int64_t unreadable = 0;
  CocoSummary boxes;
  std::optional<CocoSummary> masks;  // if all objects have one
  double seconds = 0;                // without reading the annotations
};

absl::Status Detect(const ModelVersion& version, const EvaluateOptions& options,
                    const CocoDataset& data, Evaluation& evaluation) {
  LM_ASSIGN_OR_RETURN(std::vector<int64_t> categories, MatchCategories(data.truth(), version));
  const std::vector<int64_t> indices = ChooseImages(options, data.size());
  LM_ASSIGN_OR_RETURN(const std::unique_ptr<Allocator> memory,
                      CreateDeviceAllocator(Device::Cpu()));
  LM_ASSIGN_OR_RETURN(Stream stream, Stream::Create(Device::Cpu(), 0));
  ImageDetector detector(*version.engines.front(), std::move(categories),
                         std::max<int64_t>(options.batch, 1), stream);
  LM_ASSIGN_OR_RETURN(const std::unique_ptr<KeepRatioLoader> loader,
                      LoadImages(version, options, data, indices, *memory));
  ProgressLine progress(static_cast<int64_t>(indices.size()));
  std::set<int64_t> ids;
  while (true) {
    LM_ASSIGN_OR_RETURN(std::optional<LoadedImage> loaded, loader->Next());
    if (!loaded.has_value()) break;
    LM_RETURN_IF_ERROR(CheckSize(data, *loaded));
    const int64_t id = data.id(loaded->index);
    ids.insert(id);
    LM_RETURN_IF_ERROR(detector.Add({id, std::move(loaded->image)}));
    progress.Show(static_cast<int64_t>(ids.size()) + loader->unreadable());
  }
  LM_ASSIGN_OR_RETURN(evaluation.results, detector.Finish());
  evaluation.unreadable = loader->unreadable();
  evaluation.truth = SelectImages(data.truth(), ids);
  return absl::OkStatus();
}

absl::Status WriteResults(const std::string& prefix, const std::vector<CocoResult>& results) {
  if (prefix.empty()) return absl::OkStatus();
  LM_RETURN_IF_ERROR(
      WriteFileAtomically(absl::StrCat(prefix, ".bbox.json"), FormatCocoBoxes(results)));
  return WriteFileAtomically(absl::StrCat(prefix, ".segm.json"), FormatCocoMasks(results));
}

struct NamedNumber {
  const char* key;
  const char* title;
  double value;
};

std::array<NamedNumber, 12> Numbers(const CocoSummary& summary) {
  return {{{"ap", "AP", summary.ap},
           {"ap50", "AP50", summary.ap50},
           {"ap75", "AP75", summary.ap75},
           {"ap_small", "APs", summary.ap_small},
           {"ap_medium", "APm", summary.ap_medium},
           {"ap_large", "APl", summary.ap_large},
           {"ar_1", "AR1", summary.ar[0]},
           {"ar_10", "AR10", summary.ar[1]},
           {"ar_100", "AR100", summary.ar[2]},
           {"ar_small", "ARs", summary.ar_small},
           {"ar_medium", "ARm", summary.ar_medium},
           {"ar_large", "ARl", summary.ar_large}}};
}

ordered_json ToJson(const CocoSummary& summary) {
  ordered_json report;
  for (const NamedNumber& number : Numbers(summary)) report[number.key] = number.value;
  return report;
}

ordered_json Report(const Evaluation& evaluation) {
  ordered_json categories = ordered_json::array();
  for (const auto& [id, name] : evaluation.truth.categories) {
    ordered_json entry = {
        {"id", id}, {"name", name}, {"box_ap", evaluation.boxes.ap_per_category.at(id)}};
    if (evaluation.masks.has_value()) {
      entry["mask_ap"] = evaluation.masks->ap_per_category.at(id);
    }
    categories.push_back(std::move(entry));
  }
  ordered_json report = {{"images", evaluation.truth.images.size()},
                         {"unreadable", evaluation.unreadable},
                         {"objects", evaluation.truth.objects.size()},
                         {"detections", evaluation.results.size()},
                         {"box", ToJson(evaluation.boxes)}};
  if (evaluation.masks.has_value()) report["mask"] = ToJson(*evaluation.masks);
  report["categories"] = std::move(categories);
  report["seconds"] = evaluation.seconds;
  return report;
}

void PrintRow(const char* name, const CocoSummary& summary) {
  std::printf("%-5s", name);
  for (const NamedNumber& number : Numbers(summary)) std::printf(" %7.4f", number.value);
  std::printf("\n");
}

void PrintTables(const Evaluation& evaluation) {
  std::printf("%-32s %7s %7s\n", "category", "box AP", "mask AP");
  for (const auto& [id, name] : evaluation.truth.categories) {
    std::printf("%-32s %7.4f", name.c_str(), evaluation.boxes.ap_per_category.at(id));
    if (evaluation.masks.has_value()) {
      std::printf(" %7.4f", evaluation.masks->ap_per_category.at(id));
    }
    std::printf("\n");
  }
  std::printf("%-5s", "");
  for (const NamedNumber& number : Numbers(evaluation.boxes)) std::printf(" %7s", number.title);
  std::printf("\n");
  PrintRow("box", evaluation.boxes);
  if (evaluation.masks.has_value()) {
    PrintRow("mask", *evaluation.masks);
  } else {
    std::printf("no numbers of masks: some objects have none\n");
  }
  std::printf("images %zu  unreadable %lld  objects %zu  detections %zu  %.1f s\n",
              evaluation.truth.images.size(), static_cast<long long>(evaluation.unreadable),
              evaluation.truth.objects.size(), evaluation.results.size(), evaluation.seconds);
}

}  // namespace

absl::Status EvaluateDetector(const ModelVersion& version, const EvaluateOptions& options) {
  LM_ASSIGN_OR_RETURN(const std::shared_ptr<const FileTree> images, FileTree::Open(options.data));
  LM_ASSIGN_OR_RETURN(const CocoDataset data, CocoDataset::Open(options.annotations, images));
  const Timer timer;
  Evaluation evaluation;
  LM_RETURN_IF_ERROR(Detect(version, options, data, evaluation));
  LM_RETURN_IF_ERROR(WriteResults(options.results, evaluation.results));
  const CocoGroundTruth& truth = evaluation.truth;
  const std::vector<CocoResult>& results = evaluation.results;
  LM_ASSIGN_OR_RETURN(evaluation.boxes,
                      EvaluateCoco(truth, results, {.overlap = CocoOverlap::kBoxes}));
  const bool all_have_masks =
      std::none_of(truth.objects.begin(), truth.objects.end(),
                   [](const CocoObject& object) { return object.mask.counts.empty(); });
  if (all_have_masks) {
    LM_ASSIGN_OR_RETURN(evaluation.masks,
                        EvaluateCoco(truth, results, {.overlap = CocoOverlap::kMasks}));
  }
  evaluation.seconds = timer.seconds();
  if (options.json) {
    std::fputs(LayOutJson(Report(evaluation)).c_str(), stdout);
  } else {
    PrintTables(evaluation);
  }
  return absl::OkStatus();
}

}  // namespace localmamba::tool
