// Remembers what networks said of images, for clients that ask for the same ones again.
#ifndef LOCALMAMBA_SERVER_PIPELINE_RESPONSE_CACHE_H_
#define LOCALMAMBA_SERVER_PIPELINE_RESPONSE_CACHE_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "kernels/base/mutex.h"
#include "model/vision/keep_ratio.h"
#include "server/batching/batch_request.h"
#include "server/metrics/cache_metrics.h"
#include "server/pipeline/image_digest.h"

namespace localmamba::server {

// Of one image. Immutable once it is in a cache.
struct CachedResponse {
  InferenceResult network;  // not of a batch: 0 images, no time
  ImageGeometry geometry;

  [[nodiscard]] size_t bytes() const;
};

// What to remember of `result`: in memory of its own, as the batch's is large. Errors:
// RESOURCE_EXHAUSTED.
absl::StatusOr<CachedResponse> ToCachedResponse(const InferenceResult& result,
                                                const ImageGeometry& geometry);

// All versions share its bytes; what has not been used for the longest time goes first. Each
// version reaches it through a VersionResponses of its own. Safe from several threads.
class ResponseCache {
 public:
  // `metrics` outlives this.
  ResponseCache(size_t max_bytes, CacheMetrics& metrics)
      : max_bytes_(max_bytes), metrics_(metrics) {}

 private:
  friend class VersionResponses;

  struct Key {
    int64_t owner = 0;  // one VersionResponses
    ImageDigest image = {};
    auto operator<=>(const Key&) const = default;
  };
  using Response = std::shared_ptr<const CachedResponse>;
  using Entries = std::list<std::pair<Key, Response>>;

  int64_t NewOwner() ABSL_LOCKS_EXCLUDED(mu_);
  // nullptr if there is none.
  Response Find(const Key& key) ABSL_LOCKS_EXCLUDED(mu_);
  void Insert(const Key& key, Response response) ABSL_LOCKS_EXCLUDED(mu_);
  void Forget(int64_t owner) ABSL_LOCKS_EXCLUDED(mu_);

  // With its place in the maps.
  static size_t BytesOf(const CachedResponse& response);
  void Drop(std::map<Key, Entries::iterator>::iterator entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const size_t max_bytes_;
  CacheMetrics& metrics_;

  Mutex mu_;
  int64_t owners_ ABSL_GUARDED_BY(mu_) = 0;
  size_t bytes_ ABSL_GUARDED_BY(mu_) = 0;
  Entries entries_ ABSL_GUARDED_BY(mu_);  // used last first
  std::map<Key, Entries::iterator> index_ ABSL_GUARDED_BY(mu_);
};

// The answers of one version as it is in memory: so the model, its number, its weights and how it
// prepares images are all part of what an answer is found by. They are forgotten with this object.
// Safe from several threads.
class VersionResponses {
 public:
  // `cache` outlives this.
  VersionResponses(ResponseCache& cache, const std::string& model, int64_t version);
  VersionResponses(const VersionResponses&) = delete;
  VersionResponses& operator=(const VersionResponses&) = delete;
  ~VersionResponses();

  // nullptr if there is none; counts a hit or a miss.
  [[nodiscard]] std::shared_ptr<const CachedResponse> Find(const ImageDigest& image);

  // One that is there already stays. What is larger than the whole cache is not kept.
  void Insert(const ImageDigest& image, CachedResponse response);

 private:
  ResponseCache& cache_;
  const int64_t owner_;
  const VersionCacheMetrics metrics_;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_PIPELINE_RESPONSE_CACHE_H_
