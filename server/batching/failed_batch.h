// What becomes of a batch that an engine could not run.
#ifndef LOCALMAMBA_SERVER_BATCHING_FAILED_BATCH_H_
#define LOCALMAMBA_SERVER_BATCHING_FAILED_BATCH_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "server/batching/batch_queue.h"

namespace localmamba::server {

struct Batch {
  std::vector<WaitingRequest> requests;  // one or more of a kind
  // After a failure: the engine that failed, and how many more runs of the batch that failed first
  // and of its parts may fail.
  std::optional<size_t> failed_on;
  std::shared_ptr<size_t> failures_left;

  [[nodiscard]] size_t images() const {
    size_t images = 0;
    for (const WaitingRequest& one : requests) images += one.request.images();
    return images;
  }
};

// The batches to run in place of `batch`, which has failed on `engine` of `engines`: its halves, so
// that in the end only a request that cannot be run fails; a single request once more, if another
// engine can try. Takes the requests, unless the result is empty: then `batch` fails for good. That
// is so, too, if it has failed more often than two bad requests among n explain, which is about
// twice log2(n): then something else is wrong, and the time is lost. What shares failures_left is
// not used by several threads at once.
std::vector<Batch> BatchesInPlaceOf(Batch& batch, size_t engine, size_t engines);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_BATCHING_FAILED_BATCH_H_
