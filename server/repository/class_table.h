// Names and colours of the classes of well-known data sets, and colours for others.
#ifndef LOCALMAMBA_SERVER_REPOSITORY_CLASS_TABLE_H_
#define LOCALMAMBA_SERVER_REPOSITORY_CLASS_TABLE_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "server/repository/model_spec.h"

namespace localmamba {

using Color = std::array<uint8_t, 3>;  // red, green, blue

// Of a classifier with the number of classes of ImageNet-1k, a detector with that of COCO or a
// segmenter with that of ADE20K the names of those, which it is taken to be made for; else none.
std::vector<std::string> KnownClassNames(const ModelSpec& spec);

// A color for each class of a model: of a detector or segmenter as above the usual ones in
// pictures, else such that those of neighbouring classes differ.
std::vector<Color> ClassColors(const ModelSpec& spec);

}  // namespace localmamba

#endif  // LOCALMAMBA_SERVER_REPOSITORY_CLASS_TABLE_H_
