// Tensors of a small model, and what requests are checked with.
#ifndef LOCALMAMBA_TESTS_SERVER_RPC_OPEN_INFERENCE_MESSAGES_FIXTURE_H_
#define LOCALMAMBA_TESTS_SERVER_RPC_OPEN_INFERENCE_MESSAGES_FIXTURE_H_

#include "server/rpc/admission.h"
#include "server/rpc/open_inference/model_tensors.h"
#include "server/runtime/clock.h"
#include "server/runtime/lifecycle.h"

namespace localmamba::server {

inline constexpr inference::DataType kTestPixelTypes[] = {inference::TYPE_UINT8};
inline constexpr inference::DataType kTestTensorTypes[] = {inference::TYPE_FP32,
                                                           inference::TYPE_FP16};
inline constexpr inference::DataType kTestEncodedTypes[] = {inference::TYPE_STRING};

// Images of 2 x 3, batches of up to 4, 10 classes, 5 features.
inline ModelTensors SmallTensors() {
  return {.max_batch_size = 4,
          .inputs = {{{InputRole::kPixels, "pixels", kTestPixelTypes, {2, 3, 3}},
                      {InputRole::kTensor, "tensor", kTestTensorTypes, {3, 2, 3}},
                      {InputRole::kEncoded, "encoded", kTestEncodedTypes, {1}}}},
          .outputs = {{{OutputRole::kProbabilities, "probabilities", 10},
                       {OutputRole::kLogits, "logits", 10},
                       {OutputRole::kEmbedding, "embedding", 5}}}};
}

// A server that takes requests of up to `bytes` together.
class TestAdmission {
 public:
  explicit TestAdmission(int64_t bytes)
      : admission_({.max_in_flight_bytes = bytes}, lifecycle_, clock_) {
    lifecycle_.Enter(Phase::kServing);
  }
  Admission::Ticket Admit() { return *admission_.Admit("", 0); }

 private:
  Lifecycle lifecycle_;
  RealClock clock_;
  Admission admission_;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_TESTS_SERVER_RPC_OPEN_INFERENCE_MESSAGES_FIXTURE_H_
