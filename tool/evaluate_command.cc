// localmamba_tool evaluate: accuracy of a model version on a folder of images.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "model/data/evaluation_loader.h"
#include "model/data/file_tree.h"
#include "model/metrics/top_k.h"
#include "server/repository/json_layout.h"
#include "tool/command.h"
#include "tool/engine_flags.h"

namespace localmamba::tool {
namespace {

using Clock = std::chrono::steady_clock;

class EvaluateCommand final : public Command {
 public:
  explicit EvaluateCommand(CLI::App& app) {
    engine_.AddFlags(app);
    app.add_option("--data", data_, "Folder, or tar file of one, with PART/CLASS/*.jpg")
        ->required();
    app.add_option("--part", part_, "Part of the data")->capture_default_str();
    app.add_option("--batch", batch_, "Images that are run at once")
        ->check(CLI::Range(int64_t{1}, int64_t{4096}))
        ->capture_default_str();
    app.add_option("--max-unreadable-share", max_unreadable_share_,
                   "Largest share of images that may be unreadable; they are left out")
        ->check(CLI::Range(0.0, 1.0))
        ->capture_default_str();
    app.add_flag("--json", json_, "Print JSON");
  }

  absl::Status Run() override {
    LM_ASSIGN_OR_RETURN(const std::shared_ptr<ModelVersion> version, engine_.Load());
    if (NumClasses(version->spec.network) == 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "model \"", version->model, "\" has no classes, wanted one that classifies"));
    }
    LM_ASSIGN_OR_RETURN(const std::shared_ptr<ImageStore> images, OpenImages(*version));
    LM_ASSIGN_OR_RETURN(const std::vector<int64_t> numbers,
                        MatchClasses(images->folder().classes(), *version));
    const EvaluationLoaderOptions options{
        .batch_size = batch_,
        .preprocess = version->spec.preprocess,
        .max_unreadable_share = max_unreadable_share_,
        .threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency() / 2))};
    LM_ASSIGN_OR_RETURN(const std::unique_ptr<Allocator> memory,
                        CreateDeviceAllocator(Device::Cpu()));
    LM_ASSIGN_OR_RETURN(const std::unique_ptr<EvaluationLoader> loader,
                        EvaluationLoader::Create(images, options, *memory));

    const Clock::time_point start = Clock::now();
    TopKAccuracy accuracy;
    int64_t unreadable = 0;
    while (true) {
      LM_ASSIGN_OR_RETURN(const std::optional<EvaluationBatch> batch, loader->Next());
      if (!batch.has_value()) break;
      unreadable = batch->unreadable;
      if (batch->labels.empty()) continue;
      LM_ASSIGN_OR_RETURN(const EngineOutput output, version->engines.front()->Run(batch->images));
      const auto classes = static_cast<size_t>(output.logits.dim(1));
      for (size_t i = 0; i < batch->labels.size(); ++i) {
        accuracy.Add({output.logits.data<float>() + i * classes, classes},
                     numbers[static_cast<size_t>(batch->labels[i])]);
      }
      ShowProgress(accuracy.images() + unreadable, images->folder().size());
    }
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    Print(accuracy, unreadable, seconds);
    return absl::OkStatus();
  }

 private:
  [[nodiscard]] absl::StatusOr<std::shared_ptr<ImageStore>> OpenImages(
      const ModelVersion& version) const {
    LM_ASSIGN_OR_RETURN(const std::shared_ptr<const FileTree> tree, FileTree::Open(data_));
    LM_ASSIGN_OR_RETURN(ImageFolder folder, ImageFolder::Open(tree, part_));
    return ImageStore::Create(
        std::make_shared<const ImageFolder>(std::move(folder)),
        {.cache_bytes = 0, .wanted_short_side = version.spec.preprocess.resize_short_side});
  }

  // The number that the model has for each class of the data.
  static absl::StatusOr<std::vector<int64_t>> MatchClasses(const std::vector<std::string>& names,
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

  // One line that changes, on a terminal only.
  static void ShowProgress(int64_t done, int64_t total) {
    if (isatty(STDERR_FILENO) == 0) return;
    std::fprintf(stderr, "\r%lld of %lld images%s", static_cast<long long>(done),
                 static_cast<long long>(total), done == total ? "\n" : "");
  }

  void Print(const TopKAccuracy& accuracy, int64_t unreadable, double seconds) const {
    if (json_) {
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

  EngineFlags engine_;
  std::string data_;
  std::string part_ = "val";
  int64_t batch_ = 64;
  double max_unreadable_share_ = 0.01;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeEvaluateCommand(CLI::App& app) {
  return std::make_unique<EvaluateCommand>(app);
}

}  // namespace localmamba::tool
