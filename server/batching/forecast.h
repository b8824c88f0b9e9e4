// When engines will be through with what waits.
#ifndef LOCALMAMBA_SERVER_BATCHING_FORECAST_H_
#define LOCALMAMBA_SERVER_BATCHING_FORECAST_H_

#include <cstddef>
#include <vector>

#include "absl/time/time.h"
#include "server/batching/cost_table.h"
#include "server/batching/queue_snapshot.h"

namespace localmamba::server {

// Has `images` be run in batches of at most `max_batch_size`, each by the engine that is free first.
void Occupy(std::vector<absl::Time>& engines_free, size_t images, size_t max_batch_size,
            const CostTable& costs, absl::Time now);

// How long it takes until an engine is free and nothing waits, if nothing more comes.
absl::Duration BacklogTime(const QueueSnapshot& queue, size_t max_batch_size,
                           const CostTable& costs, absl::Time now);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_BATCHING_FORECAST_H_
