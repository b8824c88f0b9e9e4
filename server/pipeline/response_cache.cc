#include "server/pipeline/response_cache.h"

#include <cstring>
#include <utility>

#include "kernels/base/status_macros.h"
#include "model/weights/host_tensor.h"

namespace localmamba::server {
namespace {

size_t BytesOf(const Tensor& tensor) {
  return tensor.empty() ? 0 : static_cast<size_t>(tensor.elements()) * SizeOf(tensor.dtype());
}

// Of a dense tensor, or an empty one.
absl::StatusOr<Tensor> CopyOf(const Tensor& tensor) {
  if (tensor.empty()) return Tensor();
  LM_ASSIGN_OR_RETURN(Tensor copy, AllocateHostTensor(tensor.dtype(), tensor.shape()));
  std::memcpy(copy.view().raw_data(), tensor.view().raw_data(), BytesOf(tensor));
  return copy;
}

}  // namespace

size_t CachedResponse::bytes() const {
  size_t bytes = BytesOf(network.logits) + BytesOf(network.pooled);
  if (network.detections.has_value()) {
    const EngineDetections& found = *network.detections;
    for (const Tensor* tensor :
         {&found.boxes, &found.scores, &found.classes, &found.counts, &found.mask_logits}) {
      bytes += BytesOf(*tensor);
    }
  }
  return bytes;
}

absl::StatusOr<CachedResponse> ToCachedResponse(const InferenceResult& result,
                                                const ImageGeometry& geometry) {
  CachedResponse response{.network = {}, .geometry = geometry};
  LM_ASSIGN_OR_RETURN(response.network.logits, CopyOf(result.logits));
  LM_ASSIGN_OR_RETURN(response.network.pooled, CopyOf(result.pooled));
  if (result.detections.has_value()) {
    const EngineDetections& found = *result.detections;
    EngineDetections& copy = response.network.detections.emplace();
    LM_ASSIGN_OR_RETURN(copy.boxes, CopyOf(found.boxes));
    LM_ASSIGN_OR_RETURN(copy.scores, CopyOf(found.scores));
    LM_ASSIGN_OR_RETURN(copy.classes, CopyOf(found.classes));
    LM_ASSIGN_OR_RETURN(copy.counts, CopyOf(found.counts));
    LM_ASSIGN_OR_RETURN(copy.mask_logits, CopyOf(found.mask_logits));
  }
  return response;
}

int64_t ResponseCache::NewOwner() {
  MutexLock lock(mu_);
  return ++owners_;
}

size_t ResponseCache::BytesOf(const CachedResponse& response) {
  // Nodes of a list and of a map, with some pointers each.
  constexpr size_t kOverhead = 2 * sizeof(Key) + sizeof(CachedResponse) + 16 * sizeof(void*);
  return response.bytes() + kOverhead;
}

ResponseCache::Response ResponseCache::Find(const Key& key) {
  MutexLock lock(mu_);
  const auto found = index_.find(key);
  if (found == index_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->second;
}

void ResponseCache::Insert(const Key& key, Response response) {
  const size_t bytes = BytesOf(*response);
  if (bytes > max_bytes_) return;
  MutexLock lock(mu_);
  if (index_.contains(key)) return;
  while (bytes_ + bytes > max_bytes_) Drop(index_.find(entries_.back().first));
  entries_.emplace_front(key, std::move(response));
  index_.emplace(key, entries_.begin());
  bytes_ += bytes;
  metrics_.bytes().Set(static_cast<double>(bytes_));
}

void ResponseCache::Forget(int64_t owner) {
  MutexLock lock(mu_);
  auto it = index_.lower_bound({.owner = owner});
  while (it != index_.end() && it->first.owner == owner) Drop(it++);
  metrics_.bytes().Set(static_cast<double>(bytes_));
}

void ResponseCache::Drop(std::map<Key, Entries::iterator>::iterator entry) {
  bytes_ -= BytesOf(*entry->second->second);
  entries_.erase(entry->second);
  index_.erase(entry);
}

VersionResponses::VersionResponses(ResponseCache& cache, const std::string& model, int64_t version)
    : cache_(cache),
      owner_(cache.NewOwner()),
      metrics_(cache.metrics_.ForVersion(model, version)) {}

VersionResponses::~VersionResponses() { cache_.Forget(owner_); }

std::shared_ptr<const CachedResponse> VersionResponses::Find(const ImageDigest& image) {
  std::shared_ptr<const CachedResponse> found = cache_.Find({.owner = owner_, .image = image});
  (found != nullptr ? metrics_.hits : metrics_.misses).Increment();
  return found;
}

void VersionResponses::Insert(const ImageDigest& image, CachedResponse response) {
  cache_.Insert({.owner = owner_, .image = image},
                std::make_shared<const CachedResponse>(std::move(response)));
}

}  // namespace localmamba::server
