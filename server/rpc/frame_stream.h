// The streams of localmamba.v1.VisionService: what is done with the frames of one.
#ifndef LOCALMAMBA_SERVER_RPC_FRAME_STREAM_H_
#define LOCALMAMBA_SERVER_RPC_FRAME_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "kernels/base/mutex.h"
#include "kernels/base/status_macros.h"
#include "localmamba/v1/vision.pb.h"
#include "server/metrics/server_metrics.h"
#include "server/pipeline/vision_pipeline.h"
#include "server/rpc/admission.h"
#include "server/rpc/frame_limits.h"
#include "server/rpc/ordered_stream.h"
#include "server/rpc/vision_conversion.h"
#include "server/runtime/rejection.h"
#include "server/runtime/steady_time.h"
#include "server/tracing/request_log.h"
#include "server/tracing/request_record.h"

namespace localmamba::server {

// `Method` is one of vision_methods.h that has a stream.
template <class Method>
class FrameStream final
    : public OrderedStreamHandler<typename Method::StreamRequest, typename Method::StreamResponse> {
 public:
  using Message = typename Method::StreamRequest;
  using Stream = OrderedStream<Message, typename Method::StreamResponse>;

  // What of the server it works with; outlives the stream.
  struct Server {
    VisionPipeline& pipeline;
    Admission& admission;
    ServerMetrics& metrics;
    const RequestLog& log;
  };

  // Works on `max_frames` of the stream at once, or on fewer if its options say so; at least 1.
  // `client` as Admission knows it; `identity` has the ids of the stream, as Identify gives them.
  FrameStream(const Server& server, std::string client, RequestRecord identity, size_t max_frames)
      : server_(server),
        client_(std::move(client)),
        identity_(std::move(identity)),
        limits_{.in_flight = max_frames} {}

  absl::Status OnMessage(std::unique_ptr<Message> message, Stream& stream) override
      ABSL_LOCKS_EXCLUDED(mu_) {
    const bool first = messages_++ == 0;
    if (message->has_options()) {
      if (!first) {
        return InvalidRequest("options: found in a later message, wanted in the first only");
      }
      LM_RETURN_IF_ERROR(limits_.Restrict(message->options()));
      if (!message->has_frame()) return absl::OkStatus();
    }
    std::unique_ptr<Frame> frame = Receive(std::move(message), stream);
    if (const absl::Status status = Check(*frame); !status.ok()) {
      Send(std::move(frame), status);
      return absl::OkStatus();
    }
    std::unique_ptr<Frame> skipped;
    {
      const MutexLock lock(mu_);
      if (running_ < limits_.in_flight) {
        ++running_;
      } else {
        skipped = std::exchange(waiting_, std::move(frame));
      }
    }
    if (frame != nullptr) Start(std::move(frame));
    if (skipped != nullptr) {
      Send(std::move(skipped), Reject(RejectReason::kSkipped, absl::AbortedError("a newer came")));
    }
    return absl::OkStatus();
  }

  [[nodiscard]] size_t max_unanswered() const override { return limits_.unanswered(); }

 private:
  using Answer = typename Method::Question::Answer;

  struct Frame {
    std::unique_ptr<Message> message;  // the picture that the pipeline sees
    CallContext context;
    typename Stream::Answer answer;
    Admission::Ticket ticket = {};
    typename Method::StreamResponse response = {};
    RequestRecord record;
  };

  std::unique_ptr<Frame> Receive(std::unique_ptr<Message> message, Stream& stream) {
    server_.metrics.RequestBegan(Method::kStreamName);
    std::unique_ptr<Frame> frame(new Frame{.message = std::move(message),
                                           .context = stream.context(),
                                           .answer = stream.AddAnswer(),
                                           .record = identity_});
    frame->record.method = Method::kStreamName;
    frame->record.arrival = SteadyNow();
    frame->record.request_id = absl::StrCat(identity_.request_id, "/", frames_);
    frame->response.set_frame(frames_++);
    return frame;
  }

  absl::Status Check(Frame& frame) {
    if (!frame.message->has_frame()) return InvalidRequest("frame: found none, wanted one");
    const std::string& request_id = frame.message->frame().request_id();
    LM_RETURN_IF_ERROR(CheckRequestId(request_id));
    frame.response.set_request_id(request_id);
    if (!request_id.empty()) frame.record.request_id = request_id;
    LM_ASSIGN_OR_RETURN(frame.ticket,
                        server_.admission.Admit(client_, frame.message->ByteSizeLong()));
    return absl::OkStatus();
  }

  void Start(std::unique_ptr<Frame> frame) ABSL_LOCKS_EXCLUDED(mu_) {
    const typename Method::Request& request = frame->message->frame();
    absl::StatusOr<ImageRequest> image = ToImageRequest(request, frame->context);
    if (!image.ok()) return Finish(std::move(frame), image.status());
    absl::StatusOr<typename Method::Question> question = ToQuestion(request);
    if (!question.ok()) return Finish(std::move(frame), question.status());
    server_.pipeline.Ask(*std::move(image), *question,
                         [this, frame = std::move(frame)](absl::StatusOr<Answer> answer) mutable {
                           Finish(std::move(frame), answer);
                         });
  }

  void Finish(std::unique_ptr<Frame> frame, const absl::StatusOr<Answer>& answer)
      ABSL_LOCKS_EXCLUDED(mu_) {
    if (answer.ok()) {
      ToResponse(*answer, frame->response.request_id(), Method::ResultOf(frame->response));
      Describe(*answer, frame->record);
    }
    std::unique_ptr<Frame> next;
    {
      const MutexLock lock(mu_);
      next = std::move(waiting_);
      if (next == nullptr) --running_;
    }
    Send(std::move(frame), answer.status());
    if (next != nullptr) Start(std::move(next));
  }

  // What the frame's response holds, or the error. Nothing of the stream may be used after it,
  // unless another answer is still owed.
  void Send(std::unique_ptr<Frame> frame, const absl::Status& status) {
    if (absl::IsAborted(status)) {
      frame->response.mutable_skipped();
    } else if (!status.ok()) {
      ToProto(status, *frame->response.mutable_error());
    }
    server_.metrics.RequestEnded(Method::kStreamName, status);
    frame->record.status = status;
    frame->record.total = SteadyNow() - frame->record.arrival;
    server_.log.Add(frame->record);
    frame->message.reset();
    frame->ticket = {};
    typename Stream::Answer answer = std::move(frame->answer);
    answer.Send(std::move(frame->response));
  }

  const Server server_;
  const std::string client_;
  const RequestRecord identity_;

  // Changed by OnMessage only.
  FrameLimits limits_;
  int64_t messages_ = 0;
  int64_t frames_ = 0;

  Mutex mu_;
  size_t running_ ABSL_GUARDED_BY(mu_) = 0;  // frames in the pipeline
  std::unique_ptr<Frame> waiting_
      ABSL_GUARDED_BY(mu_);  // the newest, until one of them is finished
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_FRAME_STREAM_H_
