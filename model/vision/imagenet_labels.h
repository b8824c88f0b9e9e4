// Names of the 1000 classes of ImageNet-1k (ILSVRC 2012) in the order networks number them: by
// ascending WordNet id. Built in from model/vision/data/imagenet1k_labels.json.
#ifndef LOCALMAMBA_MODEL_VISION_IMAGENET_LABELS_H_
#define LOCALMAMBA_MODEL_VISION_IMAGENET_LABELS_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace localmamba {

absl::Span<const absl::string_view> ImageNetLabels();

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_VISION_IMAGENET_LABELS_H_
