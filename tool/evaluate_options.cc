#include "tool/evaluate_options.h"

#include <algorithm>
#include <thread>
#include <utility>

namespace localmamba::tool {

absl::StatusOr<std::unique_ptr<KeepRatioLoader>> LoadImages(const ModelVersion& version,
                                                            const EvaluateOptions& options,
                                                            const ImageList& images,
                                                            std::vector<int64_t> indices,
                                                            Allocator& host) {
  const int threads = DecodingThreads();
  return KeepRatioLoader::Create(images, std::move(indices),
                                 {.preprocess = *version.spec.keep_ratio,
                                  .normalization = version.spec.preprocess.normalization,
                                  .max_unreadable_share = options.max_unreadable_share,
                                  .threads = threads,
                                  .prefetch = 2 * threads},
                                 host);
}

std::vector<int64_t> ChooseImages(const EvaluateOptions& options, int64_t size) {
  return SampleEvenly(size, options.limit == 0 ? size : options.limit);
}

int DecodingThreads() {
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency() / 2));
}

}  // namespace localmamba::tool
