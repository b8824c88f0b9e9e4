#include "server/pipeline/classify_question.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "kernels/device/stream.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {
namespace {

constexpr int64_t kDefaultTopK = 5;

}  // namespace

absl::Status ClassifyQuestion::Check(const ModelVersion& model) const {
  const int64_t num_classes = NumClasses(model.spec);
  if (!top_k.has_value() || (1 <= *top_k && *top_k <= num_classes)) return absl::OkStatus();
  return InvalidRequest(absl::StrCat("top_k: found ", *top_k, ", wanted 1 to ", num_classes));
}

absl::StatusOr<Classification> ClassifyQuestion::MakeAnswer(const ModelVersion& model,
                                                            const ImageResult& result) const {
  const int64_t k = top_k.value_or(std::min(kDefaultTopK, NumClasses(model.spec)));
  LM_ASSIGN_OR_RETURN(Stream stream, Stream::Create(Device::Cpu(), 1));
  Classification answer;
  LM_ASSIGN_OR_RETURN(answer.classes,
                      TopClasses(result.network.logits.Select(0, 0), k, model.labels, stream));
  return answer;
}

}  // namespace localmamba::server
