#include "server/rpc/classify_stream.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "kernels/base/status_macros.h"
#include "server/rpc/vision_conversion.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {
namespace {

// Answers that a frame was skipped wait for those of frames before it; this bounds their memory.
constexpr size_t kMaxUnansweredIfNewestWins = 1024;

}  // namespace

struct ClassifyStream::Frame {
  std::unique_ptr<v1::ClassifyStreamRequest> message;  // the picture that the pipeline sees
  CallContext context;
  Stream::Answer answer;
  Admission::Ticket ticket;
  v1::ClassifyStreamResponse response;
  RequestRecord record;
};

ClassifyStream::ClassifyStream(const Server& server, std::string client, RequestRecord identity,
                               size_t max_frames)
    : server_(server),
      client_(std::move(client)),
      identity_(std::move(identity)),
      max_in_flight_(max_frames) {}

ClassifyStream::~ClassifyStream() = default;

size_t ClassifyStream::max_unanswered() const {
  return newest_wins_ ? kMaxUnansweredIfNewestWins : max_in_flight_;
}

absl::Status ClassifyStream::OnMessage(std::unique_ptr<v1::ClassifyStreamRequest> message,
                                       Stream& stream) {
  const bool first = messages_++ == 0;
  if (message->has_options()) {
    if (!first) {
      return InvalidRequest("options: found in a later message, wanted in the first only");
    }
    LM_RETURN_IF_ERROR(SetOptions(message->options()));
    if (!message->has_frame()) return absl::OkStatus();
  }

  server_.metrics.RequestBegan(kMethod);
  std::unique_ptr<Frame> frame(new Frame{.message = std::move(message),
                                         .context = stream.context(),
                                         .answer = stream.AddAnswer(),
                                         .ticket = {},
                                         .response = {},
                                         .record = identity_});
  frame->record.method = kMethod;
  frame->record.arrival = absl::Now();
  frame->record.request_id = absl::StrCat(identity_.request_id, "/", frames_);
  frame->response.set_frame(frames_++);
  if (const absl::Status status = Check(*frame); !status.ok()) {
    Send(std::move(frame), status);
    return absl::OkStatus();
  }
  std::unique_ptr<Frame> skipped;
  {
    const MutexLock lock(mu_);
    if (running_ < max_in_flight_) {
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

absl::Status ClassifyStream::SetOptions(const v1::StreamOptions& options) {
  newest_wins_ = options.newest_wins();
  if (options.has_max_in_flight() && options.max_in_flight() < 1) {
    return InvalidRequest(absl::StrCat("options.max_in_flight: found ", options.max_in_flight(),
                                       ", wanted 1 or more"));
  }
  if (options.has_max_in_flight()) {
    max_in_flight_ = std::min(max_in_flight_, static_cast<size_t>(options.max_in_flight()));
  } else if (newest_wins_) {
    max_in_flight_ = 1;
  }
  return absl::OkStatus();
}

absl::Status ClassifyStream::Check(Frame& frame) {
  if (!frame.message->has_frame()) return InvalidRequest("frame: found none, wanted one");
  const std::string& request_id = frame.message->frame().request_id();
  LM_RETURN_IF_ERROR(CheckRequestId(request_id));
  frame.response.set_request_id(request_id);
  if (!request_id.empty()) frame.record.request_id = request_id;
  LM_ASSIGN_OR_RETURN(frame.ticket,
                      server_.admission.Admit(client_, frame.message->ByteSizeLong()));
  return absl::OkStatus();
}

void ClassifyStream::Start(std::unique_ptr<Frame> frame) {
  const v1::ClassifyRequest& request = frame->message->frame();
  absl::StatusOr<ImageRequest> image = ToImageRequest(request, frame->context);
  if (!image.ok()) return Finish(std::move(frame), image.status());
  std::optional<int64_t> top_k;
  if (request.has_top_k()) top_k = request.top_k();
  server_.pipeline.Classify(
      *std::move(image), top_k,
      [this, frame = std::move(frame)](absl::StatusOr<Classification> result) mutable {
        Finish(std::move(frame), std::move(result));
      });
}

void ClassifyStream::Finish(std::unique_ptr<Frame> frame,
                            const absl::StatusOr<Classification>& result) {
  if (result.ok()) {
    v1::ClassifyResponse& response = *frame->response.mutable_classification();
    response.set_request_id(frame->response.request_id());
    ToProto(*result, response);
    Describe(*result, frame->record);
  }
  std::unique_ptr<Frame> next;
  {
    const MutexLock lock(mu_);
    next = std::move(waiting_);
    if (next == nullptr) --running_;
  }
  Send(std::move(frame), result.status());
  if (next != nullptr) Start(std::move(next));
}

void ClassifyStream::Send(std::unique_ptr<Frame> frame, const absl::Status& status) {
  if (absl::IsAborted(status)) {
    frame->response.mutable_skipped();
  } else if (!status.ok()) {
    ToProto(status, *frame->response.mutable_error());
  }
  server_.metrics.RequestEnded(kMethod, status);
  frame->record.status = status;
  frame->record.total = absl::Now() - frame->record.arrival;
  server_.log.Add(frame->record);
  frame->message.reset();
  frame->ticket = {};
  Stream::Answer answer = std::move(frame->answer);
  answer.Send(std::move(frame->response));
}

}  // namespace localmamba::server
