// A small image-folder data set that a network can learn in seconds.
#ifndef LOCALMAMBA_TESTS_SUPPORT_TINY_DATASET_H_
#define LOCALMAMBA_TESTS_SUPPORT_TINY_DATASET_H_

#include <cstdint>
#include <map>
#include <string>

namespace localmamba {

struct TinyDatasetOptions {
  int classes = 3;            // at most 4
  int train_images = 16;      // per class
  int validation_images = 8;  // per class
  int side = 32;              // pixels
  uint64_t seed = 1;
};

// Stripes of different directions and colours, at random places and with noise, as PNG: contents by
// path, "train/diagonal/0000.png" (see TemporaryFolder::Write and TarBuilder).
std::map<std::string, std::string> MakeTinyDataset(const TinyDatasetOptions& options = {});

}  // namespace localmamba

#endif  // LOCALMAMBA_TESTS_SUPPORT_TINY_DATASET_H_
