// From what was found in the images of a request to the answer.
#ifndef LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_HEAD_ANSWER_H_
#define LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_HEAD_ANSWER_H_

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "inference/grpc_service.pb.h"
#include "server/pipeline/detect_question.h"
#include "server/pipeline/segment_question.h"
#include "server/rpc/open_inference/infer_outputs.h"

namespace localmamba::server {

// What is to be asked about each image for the sake of `outputs`.
DetectQuestion DetectQuestionFor(absl::Span<const WantedOutput> outputs);
SegmentQuestion SegmentQuestionFor(absl::Span<const WantedOutput> outputs);

// Fill the outputs of `response`, or write those that are in shared memory there. The objects of an
// image fill the first rows of a detector's tensors; the others are 0, or empty.
// Errors: those of AddOutput; INVALID_ARGUMENT if label maps have different sizes.
absl::Status WriteAnswer(absl::Span<const FoundObjects> images,
                         absl::Span<const WantedOutput> outputs,
                         inference::ModelInferResponse& response);
absl::Status WriteAnswer(absl::Span<const Segmentation> images,
                         absl::Span<const WantedOutput> outputs,
                         inference::ModelInferResponse& response);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_HEAD_ANSWER_H_
