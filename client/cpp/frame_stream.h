// Frames to a server and their answers back, over one call.
#ifndef LOCALMAMBA_CLIENT_CPP_FRAME_STREAM_H_
#define LOCALMAMBA_CLIENT_CPP_FRAME_STREAM_H_

#include <optional>

#include "absl/status/status.h"
#include "localmamba/v1/vision.pb.h"

namespace localmamba::client {

// From VisionClient::ClassifyStream, DetectStream or SegmentStream. One thread may send while
// another receives; to do both on one thread is safe only as long as fewer frames are unanswered
// than the server works on at once.
//
//   std::unique_ptr<ClassificationStream> stream = client.ClassifyStream({}, absl::Minutes(5));
//   std::thread sender([&] {
//     for (const v1::ClassifyRequest& frame : video) {
//       if (!stream->Send(frame)) break;
//     }
//     stream->CloseSending();
//   });
//   while (std::optional<v1::ClassifyStreamResponse> answer = stream->Receive()) { ... }
//   sender.join();
//   absl::Status status = stream->Finish();
template <class Frame, class Answer>
class FrameStream {
 public:
  // Cancels the call unless it has ended.
  virtual ~FrameStream() = default;

  // Waits while the server takes no more frames. False when the call is over.
  virtual bool Send(const Frame& frame) = 0;

  // There will be no more frames. To be called once at most, by the thread that sends.
  virtual void CloseSending() = 0;

  // Waits for the next answer; answers come in the order of the frames, errors of single frames
  // among them. Nothing when the call is over.
  virtual std::optional<Answer> Receive() = 0;

  // How the call ended: OK if all frames that were sent have been answered. Takes the answers that
  // were not received, so it returns only after CloseSending, Cancel or an error. To be called once
  // at most, by the thread that receives.
  virtual absl::Status Finish() = 0;

  // Ends the call with CANCELLED, from any thread.
  virtual void Cancel() = 0;
};

// The error of a single frame, as the unary call would have given it.
absl::Status ToStatus(const v1::FrameError& error);

using ClassificationStream = FrameStream<v1::ClassifyRequest, v1::ClassifyStreamResponse>;
using DetectionStream = FrameStream<v1::DetectRequest, v1::DetectStreamResponse>;
using SegmentationStream = FrameStream<v1::SegmentRequest, v1::SegmentStreamResponse>;

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_CPP_FRAME_STREAM_H_
