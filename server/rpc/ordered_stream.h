// A bidirectional RPC whose answers come in the order in which they were promised.
//
//   class EchoHandler final : public OrderedStreamHandler<Ping, Pong> {
//     absl::Status OnMessage(std::unique_ptr<Ping> ping, Stream& stream) override {
//       Work(std::move(ping), [answer = stream.AddAnswer()](Pong pong) mutable {
//         answer.Send(std::move(pong));  // from any thread, in any order
//       });
//       return absl::OkStatus();
//     }
//     size_t max_unanswered() const override { return 32; }
//   };
//
//   grpc::ServerBidiReactor<Ping, Pong>* Echo(grpc::CallbackServerContext* context) override {
//     return OrderedStream<Ping, Pong>::Create("Echo", *context, admission_.streams(), metrics_,
//                                              std::make_unique<EchoHandler>())->Begin();
//   }
#ifndef LOCALMAMBA_SERVER_RPC_ORDERED_STREAM_H_
#define LOCALMAMBA_SERVER_RPC_ORDERED_STREAM_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "kernels/base/mutex.h"
#include "server/metrics/server_metrics.h"
#include "server/rpc/open_streams.h"
#include "server/rpc/status_conversion.h"
#include "server/runtime/call_context.h"
#include "server/runtime/rejection.h"
#include "server/runtime/steady_time.h"

namespace localmamba::server {

template <class Request, class Response>
class OrderedStream;

// What a service does with the messages of one stream.
template <class Request, class Response>
class OrderedStreamHandler {
 public:
  using Stream = OrderedStream<Request, Response>;

  virtual ~OrderedStreamHandler() = default;

  // Called for each message, for one at a time and in order; must be quick. Promises what answers
  // it shall have with stream.AddAnswer. An error ends the stream with it, once every answer that
  // was promised has been given and written.
  virtual absl::Status OnMessage(std::unique_ptr<Request> message, Stream& stream) = 0;

  // While as many answers are promised and not yet written, no message is read. Asked before each.
  [[nodiscard]] virtual size_t max_unanswered() const = 0;
};

// The call is over when every promise was kept, even if the caller has left: its work is then not
// wanted any more (`context().cancelled`), and its answers are dropped. When the caller closes its
// side, the call ends with OK after the last answer. Owned by gRPC until then; answers not yet
// given keep it alive.
template <class Request, class Response>
class OrderedStream final : public grpc::ServerBidiReactor<Request, Response>,
                            public OpenStream,
                            public std::enable_shared_from_this<OrderedStream<Request, Response>> {
 public:
  using Handler = OrderedStreamHandler<Request, Response>;

  // A promise, to be kept once. Move-only.
  class Answer {
   public:
    Answer(Answer&&) noexcept = default;
    Answer& operator=(Answer&&) noexcept = default;

    // From any thread. The last use of this object.
    void Send(Response response) {
      std::exchange(stream_, nullptr)->Keep(index_, std::move(response));
    }

    // Instead of it: when the answers before are written, the stream ends with `status`, which is
    // not OK. Those after are not wanted then and are dropped.
    void Fail(absl::Status status) {
      std::exchange(stream_, nullptr)->Keep(index_, std::move(status));
    }

   private:
    friend class OrderedStream;
    Answer(std::shared_ptr<OrderedStream> stream, uint64_t index)
        : stream_(std::move(stream)), index_(index) {}

    std::shared_ptr<OrderedStream> stream_;
    uint64_t index_;
  };

  // One of `streams`; if it may not be, it ends at once. `method` as in "ClassifyStream". The
  // references outlive the stream.
  static std::shared_ptr<OrderedStream> Create(std::string method,
                                               const grpc::CallbackServerContext& context,
                                               OpenStreams& streams, ServerMetrics& metrics,
                                               std::unique_ptr<Handler> handler) {
    std::shared_ptr<OrderedStream> stream(
        new OrderedStream(std::move(method), context, streams, metrics, std::move(handler)));
    stream->self_ = stream;
    const absl::Status open = streams.Add(stream);
    if (!open.ok()) stream->end_ = open;
    return stream;
  }

  // What to give to gRPC; messages come from now on.
  grpc::ServerBidiReactor<Request, Response>* Begin() {
    Advance();
    return this;
  }

  // Deadline and cancellation of the call, which hold for every message of it.
  [[nodiscard]] const CallContext& context() const { return context_; }

  // The answer after those promised so far.
  Answer AddAnswer() ABSL_LOCKS_EXCLUDED(mu_) {
    const MutexLock lock(mu_);
    promised_.emplace_back();
    return Answer(this->shared_from_this(), first_ + promised_.size() - 1);
  }

  // The first call counts.
  void Close(absl::Status status) override ABSL_LOCKS_EXCLUDED(mu_) {
    {
      const MutexLock lock(mu_);
      if (!end_.has_value()) end_ = std::move(status);
    }
    Advance();
  }

 private:
  enum class Step : uint8_t { kNothing, kWrite, kRead, kFinish };

  OrderedStream(std::string method, const grpc::CallbackServerContext& context,
                OpenStreams& streams, ServerMetrics& metrics, std::unique_ptr<Handler> handler)
      : method_(std::move(method)),
        context_{.deadline = ToSteady(context.deadline()), .cancelled = cancelled_},
        streams_(streams),
        metrics_(metrics),
        handler_(std::move(handler)) {
    metrics_.StreamBegan(method_);
  }

  void Keep(uint64_t index, absl::StatusOr<Response> response) ABSL_LOCKS_EXCLUDED(mu_) {
    {
      const MutexLock lock(mu_);
      promised_[index - first_] = std::move(response);
    }
    Advance();
  }

  // Does whatever can be done now. One thread at a time does, the others leave it to that; without
  // locks, as gRPC may call back at once.
  void Advance() ABSL_LOCKS_EXCLUDED(mu_) {
    const auto alive = this->shared_from_this();
    {
      const MutexLock lock(mu_);
      if (advancing_) return;
      advancing_ = true;
    }
    while (true) {
      Step step = Step::kNothing;
      {
        const MutexLock lock(mu_);
        step = NextStep();
        if (step == Step::kNothing) {
          advancing_ = false;
          return;
        }
      }
      switch (step) {
        case Step::kNothing:
          break;
        case Step::kWrite:
          this->StartWrite(&written_);
          break;
        case Step::kRead:
          this->StartRead(read_.get());
          break;
        case Step::kFinish:
          streams_.Remove(this);
          metrics_.StreamEnded(method_, end_status_);
          this->Finish(ToGrpcStatus(end_status_));
          return;  // advancing_ stays set: nothing may follow
      }
    }
  }

  Step NextStep() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (!writing_ && !promised_.empty() && promised_.front().has_value() &&
        !promised_.front()->ok() && !failure_.has_value()) {
      failure_ = promised_.front()->status();
      *cancelled_ = true;
    }
    const bool gone = *cancelled_;
    while (gone && !writing_ && !promised_.empty() && promised_.front().has_value()) DropFront();
    if (!gone && !writing_ && !promised_.empty() && promised_.front().has_value()) {
      written_ = **std::move(promised_.front());
      DropFront();
      writing_ = true;
      return Step::kWrite;
    }
    const bool all_kept = promised_.empty() && !writing_;
    if ((end_.has_value() || gone) && all_kept && !handling_ && !finished_) {
      finished_ = true;
      end_status_ = gone ? HowLeft() : *std::move(end_);
      return Step::kFinish;
    }
    if (end_.has_value() || gone || reading_) return Step::kNothing;
    if (promised_.size() + (writing_ ? 1 : 0) < handler_->max_unanswered()) {
      read_ = std::make_unique<Request>();
      reading_ = true;
      return Step::kRead;
    }
    return Step::kNothing;
  }

  // Of a call whose work is not wanted any more.
  [[nodiscard]] absl::Status HowLeft() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (failure_.has_value()) return *failure_;
    if (SteadyNow() >= context_.deadline) {
      return Reject(RejectReason::kDeadline, absl::DeadlineExceededError("the deadline passed"));
    }
    return Reject(RejectReason::kCancelled, absl::CancelledError("the caller has left"));
  }

  void DropFront() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    promised_.pop_front();
    ++first_;
  }

  void OnReadDone(bool ok) override ABSL_LOCKS_EXCLUDED(mu_) {
    absl::Status status;
    if (ok && BeginHandling()) status = handler_->OnMessage(std::move(read_), *this);
    {
      const MutexLock lock(mu_);
      reading_ = handling_ = false;
      if ((!ok || !status.ok()) && !end_.has_value()) end_ = std::move(status);
    }
    Advance();
  }

  // False if the call has ended meanwhile.
  bool BeginHandling() ABSL_LOCKS_EXCLUDED(mu_) {
    const MutexLock lock(mu_);
    handling_ = !finished_;
    return handling_;
  }

  void OnWriteDone(bool ok) override ABSL_LOCKS_EXCLUDED(mu_) {
    {
      const MutexLock lock(mu_);
      writing_ = false;
    }
    if (!ok) *cancelled_ = true;
    Advance();
  }

  void OnCancel() override {
    *cancelled_ = true;
    Advance();
  }

  void OnDone() override { const std::shared_ptr<OrderedStream> last = std::move(self_); }

  const std::string method_;
  const std::shared_ptr<std::atomic<bool>> cancelled_ = std::make_shared<std::atomic<bool>>(false);
  const CallContext context_;
  OpenStreams& streams_;
  ServerMetrics& metrics_;
  const std::unique_ptr<Handler> handler_;
  std::unique_ptr<Request> read_;  // by whoever advances; by gRPC and OnReadDone while reading_
  Response written_;               // likewise while writing_
  absl::Status end_status_;        // by whoever advances
  std::shared_ptr<OrderedStream> self_;  // until OnDone

  Mutex mu_;
  std::deque<std::optional<absl::StatusOr<Response>>> promised_
      ABSL_GUARDED_BY(mu_);                                   // unset: not given yet
  uint64_t first_ ABSL_GUARDED_BY(mu_) = 0;                   // number of the first of them
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mu_);      // set: nothing more is read
  std::optional<absl::Status> failure_ ABSL_GUARDED_BY(mu_);  // took the place of an answer
  bool advancing_ ABSL_GUARDED_BY(mu_) = false;  // a thread is in Advance, or has finished
  bool reading_ ABSL_GUARDED_BY(mu_) = false;    // gRPC reads, or the handler is called
  bool handling_ ABSL_GUARDED_BY(mu_) = false;   // the handler is called
  bool writing_ ABSL_GUARDED_BY(mu_) = false;    // gRPC writes
  bool finished_ ABSL_GUARDED_BY(mu_) = false;   // gRPC was told how the call ends
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_ORDERED_STREAM_H_
