// ModelStreamInfer: requests in, answers in their order.
#ifndef LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_INFER_STREAM_H_
#define LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_INFER_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "inference/grpc_service.pb.h"
#include "server/metrics/server_metrics.h"
#include "server/rpc/admission.h"
#include "server/rpc/open_inference/model_inference.h"
#include "server/rpc/ordered_stream.h"
#include "server/tracing/request_log.h"
#include "server/tracing/request_record.h"

namespace localmamba::server {

// A request that fails is answered with error_message and what tells it from others; the stream
// goes on, unless the client wants its first failure to end it with that status.
class InferStream final : public OrderedStreamHandler<inference::ModelInferRequest,
                                                      inference::ModelStreamInferResponse> {
 public:
  using Stream = OrderedStream<inference::ModelInferRequest, inference::ModelStreamInferResponse>;

  static constexpr char kMethod[] = "ModelStreamInfer";

  enum class OnFailure : uint8_t { kGoOn, kEnd };

  // What the stream works with, which outlives it.
  struct Server {
    ModelInference& inference;
    Admission& admission;
    ServerMetrics& metrics;
    const RequestLog& log;
  };

  // `client` is that of Admission::ClientOf, `identity` that of the call. `max_unanswered` requests
  // are read at most before the first of them is answered: who does not read answers cannot pile
  // them up.
  InferStream(const Server& server, std::string client, RequestRecord identity,
              OnFailure on_failure, size_t max_unanswered)
      : server_(server),
        client_(std::move(client)),
        identity_(std::move(identity)),
        on_failure_(on_failure),
        max_unanswered_(max_unanswered) {}

  absl::Status OnMessage(std::unique_ptr<inference::ModelInferRequest> message,
                         Stream& stream) override;
  [[nodiscard]] size_t max_unanswered() const override { return max_unanswered_; }

 private:
  struct Item;

  void Finish(std::unique_ptr<Item> item, const absl::Status& status);

  const Server server_;
  const std::string client_;
  const RequestRecord identity_;
  const OnFailure on_failure_;
  const size_t max_unanswered_;
  int64_t messages_ = 0;  // used by OnMessage only
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_INFER_STREAM_H_
