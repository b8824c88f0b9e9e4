// The tensors of a small model, for tests of what is checked in requests.
#ifndef LOCALMAMBA_TESTS_SUPPORT_SMALL_TENSORS_H_
#define LOCALMAMBA_TESTS_SUPPORT_SMALL_TENSORS_H_

#include "server/rpc/open_inference/model_tensors.h"

namespace localmamba::server {

inline constexpr inference::DataType kTestPixelTypes[] = {inference::TYPE_UINT8};
inline constexpr inference::DataType kTestTensorTypes[] = {inference::TYPE_FP32,
                                                           inference::TYPE_FP16};
inline constexpr inference::DataType kTestEncodedTypes[] = {inference::TYPE_STRING};

// Images of 2 x 3, batches of up to 4, 10 classes, 5 features.
inline ModelTensors SmallTensors() {
  return {.max_batch_size = 4,
          .inputs = {{InputRole::kPixels, "pixels", kTestPixelTypes, {2, 3, 3}},
                     {InputRole::kTensor, "tensor", kTestTensorTypes, {3, 2, 3}},
                     {InputRole::kEncoded, "encoded", kTestEncodedTypes, {1}}},
          .outputs = {{OutputRole::kProbabilities, "probabilities", inference::TYPE_FP32, {10}},
                      {OutputRole::kLogits, "logits", inference::TYPE_FP32, {10}},
                      {OutputRole::kEmbedding, "embedding", inference::TYPE_FP32, {5}}}};
}

// Images of any size, batches of up to 4, up to 7 objects.
inline ModelTensors SmallDetectorTensors() {
  return {.max_batch_size = 4,
          .inputs = {{InputRole::kPixels, "pixels", kTestPixelTypes, {kAnyExtent, kAnyExtent, 3}},
                     {InputRole::kEncoded, "encoded", kTestEncodedTypes, {1}}},
          .outputs = {{OutputRole::kBoxes, "boxes", inference::TYPE_FP32, {7, 4}},
                      {OutputRole::kCounts, "counts", inference::TYPE_INT32, {1}},
                      {OutputRole::kMasks, "masks", inference::TYPE_STRING, {7}}}};
}

}  // namespace localmamba::server

#endif  // LOCALMAMBA_TESTS_SUPPORT_SMALL_TENSORS_H_
