#include "server/batching/failed_batch.h"

#include <bit>
#include <iterator>
#include <utility>

namespace localmamba::server {

std::vector<Batch> BatchesInPlaceOf(Batch& batch, size_t engine, size_t engines) {
  const size_t requests = batch.requests.size();
  const bool first_failure = !batch.failed_on.has_value();
  if (first_failure) {
    batch.failures_left = std::make_shared<size_t>(2 * std::bit_width(requests));
  }
  if (*batch.failures_left == 0) return {};
  --*batch.failures_left;
  const std::shared_ptr<size_t> failures_left = batch.failures_left;
  std::vector<Batch> parts;
  if (requests == 1) {
    if (!first_failure || engines == 1) return {};
    parts.push_back(std::move(batch));
  } else {
    const auto middle = batch.requests.begin() + static_cast<std::ptrdiff_t>(requests / 2);
    parts.resize(2);
    parts[0].requests.assign(std::make_move_iterator(batch.requests.begin()),
                             std::make_move_iterator(middle));
    parts[1].requests.assign(std::make_move_iterator(middle),
                             std::make_move_iterator(batch.requests.end()));
  }
  for (Batch& part : parts) {
    part.failures_left = failures_left;
    part.failed_on = engine;
  }
  return parts;
}

}  // namespace localmamba::server
