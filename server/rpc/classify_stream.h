// localmamba.v1.VisionService.ClassifyStream: what is done with the frames of one stream.
#ifndef LOCALMAMBA_SERVER_RPC_CLASSIFY_STREAM_H_
#define LOCALMAMBA_SERVER_RPC_CLASSIFY_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "kernels/base/mutex.h"
#include "localmamba/v1/vision.pb.h"
#include "server/metrics/server_metrics.h"
#include "server/pipeline/vision_pipeline.h"
#include "server/rpc/admission.h"
#include "server/rpc/ordered_stream.h"
#include "server/tracing/request_log.h"
#include "server/tracing/request_record.h"

namespace localmamba::server {

class ClassifyStream final
    : public OrderedStreamHandler<v1::ClassifyStreamRequest, v1::ClassifyStreamResponse> {
 public:
  static constexpr char kMethod[] = "ClassifyStream";

  // What of the server it works with; outlives the stream.
  struct Server {
    VisionPipeline& pipeline;
    Admission& admission;
    ServerMetrics& metrics;
    const RequestLog& log;
  };

  // Works on `max_frames` of the stream at once, or on fewer if its options say so; at least 1.
  // `client` as Admission knows it; `identity` has the ids of the stream, as Identify gives them.
  ClassifyStream(const Server& server, std::string client, RequestRecord identity,
                 size_t max_frames);
  ~ClassifyStream() override;

  absl::Status OnMessage(std::unique_ptr<v1::ClassifyStreamRequest> message,
                         Stream& stream) override ABSL_LOCKS_EXCLUDED(mu_);
  [[nodiscard]] size_t max_unanswered() const override;

 private:
  struct Frame;

  absl::Status SetOptions(const v1::StreamOptions& options);
  absl::Status Check(Frame& frame);
  void Start(std::unique_ptr<Frame> frame) ABSL_LOCKS_EXCLUDED(mu_);
  void Finish(std::unique_ptr<Frame> frame, const absl::StatusOr<Classification>& result)
      ABSL_LOCKS_EXCLUDED(mu_);
  // What the frame's response holds, or the error. Nothing of the stream may be used after it,
  // unless another answer is still owed.
  void Send(std::unique_ptr<Frame> frame, const absl::Status& status);

  const Server server_;
  const std::string client_;
  const RequestRecord identity_;

  // Changed by OnMessage only.
  size_t max_in_flight_;
  bool newest_wins_ = false;
  int64_t messages_ = 0;
  int64_t frames_ = 0;

  Mutex mu_;
  size_t running_ ABSL_GUARDED_BY(mu_) = 0;  // frames in the pipeline
  std::unique_ptr<Frame> waiting_
      ABSL_GUARDED_BY(mu_);  // the newest, until one of them is finished
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_CLASSIFY_STREAM_H_
