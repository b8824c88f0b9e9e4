// The methods of VisionService that ask something about one image: for each its messages, those of
// the stream that asks it of many, and what it asks the pipeline.
#ifndef LOCALMAMBA_SERVER_RPC_VISION_METHODS_H_
#define LOCALMAMBA_SERVER_RPC_VISION_METHODS_H_

#include "localmamba/v1/vision.pb.h"
#include "server/pipeline/classify_question.h"
#include "server/pipeline/detect_question.h"
#include "server/pipeline/embed_question.h"
#include "server/pipeline/segment_question.h"

namespace localmamba::server {

struct ClassifyMethod {
  static constexpr char kName[] = "Classify";
  using Request = v1::ClassifyRequest;
  using Response = v1::ClassifyResponse;
  using Question = ClassifyQuestion;

  static constexpr char kStreamName[] = "ClassifyStream";
  using StreamRequest = v1::ClassifyStreamRequest;
  using StreamResponse = v1::ClassifyStreamResponse;
  static Response& ResultOf(StreamResponse& response) { return *response.mutable_classification(); }
};

struct EmbedMethod {
  static constexpr char kName[] = "Embed";
  using Request = v1::EmbedRequest;
  using Response = v1::EmbedResponse;
  using Question = EmbedQuestion;
};

struct DetectMethod {
  static constexpr char kName[] = "Detect";
  using Request = v1::DetectRequest;
  using Response = v1::DetectResponse;
  using Question = DetectQuestion;

  static constexpr char kStreamName[] = "DetectStream";
  using StreamRequest = v1::DetectStreamRequest;
  using StreamResponse = v1::DetectStreamResponse;
  static Response& ResultOf(StreamResponse& response) { return *response.mutable_detection(); }
};

struct SegmentMethod {
  static constexpr char kName[] = "Segment";
  using Request = v1::SegmentRequest;
  using Response = v1::SegmentResponse;
  using Question = SegmentQuestion;

  static constexpr char kStreamName[] = "SegmentStream";
  using StreamRequest = v1::SegmentStreamRequest;
  using StreamResponse = v1::SegmentStreamResponse;
  static Response& ResultOf(StreamResponse& response) { return *response.mutable_segmentation(); }
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_VISION_METHODS_H_
