// From a label map to the classes in the image.
#ifndef LOCALMAMBA_MODEL_VISION_SEGMENTED_CLASSES_H_
#define LOCALMAMBA_MODEL_VISION_SEGMENTED_CLASSES_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "kernels/detection/run_lengths.h"
#include "kernels/tensor/tensor_view.h"
#include "model/vision/keep_ratio.h"

namespace localmamba {

struct SegmentedClass {
  int64_t class_id = 0;
  int64_t area = 0;  // pixels, from 1
};

// The classes that occur, by id. labels: (H, W), i32, 0 to num_classes - 1, dense, on the CPU.
std::vector<SegmentedClass> FindClasses(const ConstTensorView& labels, int64_t num_classes);

// The pixels of each of `classes`, which are all that FindClasses finds: in one pass over the map,
// whatever their number.
std::vector<RunLengths> ClassMasks(const ConstTensorView& labels,
                                   absl::Span<const SegmentedClass> classes);

// Of each of `classes` the mean over its pixels of its softmax probability in the nearest cell of
// logits, which cover the network's input: (h, w, num_classes), float32, dense, on the CPU.
// `labels` is the map of the image that `geometry` tells of.
// Errors: INVALID_ARGUMENT if shapes or dtypes disagree.
absl::StatusOr<std::vector<float>> ClassConfidences(const ConstTensorView& logits,
                                                    const ImageGeometry& geometry,
                                                    const ConstTensorView& labels,
                                                    absl::Span<const SegmentedClass> classes);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_VISION_SEGMENTED_CLASSES_H_
