// The evaluation of classifiers: top-1, top-5 and loss.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "model/data/evaluation_loader.h"
#include "model/data/file_tree.h"
#include "model/metrics/top_k.h"
#include "server/repository/json_layout.h"
#include "tool/evaluate_options.h"
#include "tool/progress_line.h"

namespace localmamba::tool {
namespace {

constexpr int64_t kDefaultBatch = 64;

absl::StatusOr<std::shared_ptr<ImageStore>> OpenImages(const ModelVersion& version,
                                                       const EvaluateOptions& options) {
  LM_ASSIGN_OR_RETURN(const std::shared_ptr<const FileTree> tree, FileTree::Open(options.data));
  LM_ASSIGN_OR_RETURN(ImageFolder folder, ImageFolder::Open(tree, options.part.value_or("val")));
  if (options.limit != 0) folder = folder.Select(ChooseImages(options, folder.size()));
  return ImageStore::Create(
      std::make_shared<const ImageFolder>(std::move(folder)),
      {.cache_bytes = 0, .wanted_short_side = version.spec.preprocess.resize_short_side});
}

// The number that the model has for each class of the data.
absl::StatusOr<std::vector<int64_t>> MatchClasses(const std::vector<std::string>& names,
                                                  const ModelVersion& version) {
  std::vector<int64_t> numbers;
  for (const std::string& name : names) {
    const auto found = std::find(version.labels.begin(), version.labels.end(), name);
    if (found == version.labels.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--data: has the class \"", name, "\", wanted labels of model \"",
                       version.model, "\", such as \"", version.labels.front(), "\""));
    }
    numbers.push_back(found - version.labels.begin());
  }
  return numbers;
}

void Print(const TopKAccuracy& accuracy, int64_t unreadable, double seconds, bool json) {
  if (json) {
    const nlohmann::ordered_json report = {
        {"images", accuracy.images()}, {"unreadable", unreadable}, {"top1", accuracy.top1()},
        {"top5", accuracy.top5()},     {"loss", accuracy.loss()},  {"seconds", seconds}};
    std::fputs(LayOutJson(report).c_str(), stdout);
    return;
  }
  std::printf("top-1 %.2f%%  top-5 %.2f%%  loss %.4f  images %lld  unreadable %lld  %.1f s\n",
              100 * accuracy.top1(), 100 * accuracy.top5(), accuracy.loss(),
              static_cast<long long>(accuracy.images()), static_cast<long long>(unreadable),
              seconds);
}

}  // namespace

absl::Status EvaluateClassifier(const ModelVersion& version, const EvaluateOptions& options) {
  LM_ASSIGN_OR_RETURN(const std::shared_ptr<ImageStore> images, OpenImages(version, options));
  LM_ASSIGN_OR_RETURN(const std::vector<int64_t> numbers,
                      MatchClasses(images->folder().classes(), version));
  LM_ASSIGN_OR_RETURN(const std::unique_ptr<Allocator> memory,
                      CreateDeviceAllocator(Device::Cpu()));
  LM_ASSIGN_OR_RETURN(
      const std::unique_ptr<EvaluationLoader> loader,
      EvaluationLoader::Create(images,
                               {.batch_size = options.batch == 0 ? kDefaultBatch : options.batch,
                                .preprocess = version.spec.preprocess,
                                .max_unreadable_share = options.max_unreadable_share,
                                .threads = DecodingThreads()},
                               *memory));
  const Timer timer;
  ProgressLine progress(images->folder().size());
  TopKAccuracy accuracy;
  int64_t unreadable = 0;
  while (true) {
    LM_ASSIGN_OR_RETURN(const std::optional<EvaluationBatch> batch, loader->Next());
    if (!batch.has_value()) break;
    unreadable = batch->unreadable;
    LM_ASSIGN_OR_RETURN(const EngineOutput output, version.engines.front()->Run(batch->images));
    const auto classes = static_cast<size_t>(output.logits.dim(1));
    for (size_t i = 0; i < batch->labels.size(); ++i) {
      accuracy.Add({output.logits.data<float>() + i * classes, classes},
                   numbers[static_cast<size_t>(batch->labels[i])]);
    }
    progress.Show(accuracy.images() + unreadable);
  }
  Print(accuracy, unreadable, timer.seconds(), options.json);
  return absl::OkStatus();
}

}  // namespace localmamba::tool
