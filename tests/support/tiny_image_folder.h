// A small folder of images that a tiny network learns in seconds.
#ifndef LOCALMAMBA_TESTS_SUPPORT_TINY_IMAGE_FOLDER_H_
#define LOCALMAMBA_TESTS_SUPPORT_TINY_IMAGE_FOLDER_H_

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/support/images.h"

namespace localmamba {

inline constexpr int kTinyImageSide = 16;

// Noise with one bright quarter: upper left, upper right, lower left or lower right for label 0 to
// 3.
inline TestImage MakeTinyImage(int label, uint32_t seed) {
  TestImage image{.height = kTinyImageSide, .width = kTinyImageSide, .channels = 3, .pixels = {}};
  std::mt19937 random(seed);
  for (int i = 0; i < kTinyImageSide * kTinyImageSide * 3; ++i) {
    const int x = i / 3 % kTinyImageSide;
    const int y = i / 3 / kTinyImageSide;
    const int quarter = y / (kTinyImageSide / 2) * 2 + x / (kTinyImageSide / 2);
    image.pixels.push_back(static_cast<uint8_t>(random() % 96 + (quarter == label ? 128U : 32U)));
  }
  return image;
}

// PATH/train and PATH/val, each with the classes c0 to c3 of so many PNG images.
inline void WriteTinyImageFolder(const std::string& path, int train_images, int val_images) {
  uint32_t seed = 0;
  for (const auto& [part, count] : {std::pair("train", train_images), {"val", val_images}}) {
    for (int label = 0; label < 4; ++label) {
      if (count == 0) continue;
      const std::string folder = absl::StrCat(path, "/", part, "/c", label);
      std::filesystem::create_directories(folder);
      for (int i = 0; i < count; ++i) {
        const Bytes bytes = EncodePng(MakeTinyImage(label, ++seed));
        std::ofstream(absl::StrCat(folder, "/", i, ".png"), std::ios::binary)
            .write(reinterpret_cast<const char*>(bytes.data()),
                   static_cast<std::streamsize>(bytes.size()));
      }
    }
  }
}

// A TrainingRun for such a folder, with `fields` (members, each after a comma) at its end.
inline std::string TinyRunJson(const std::string& data_path, const std::string& recipe_fields = "",
                               const std::string& fields = "") {
  return absl::StrCat(
      R"({"model": {"local_vim": {"scan": {"d_state": 4, "layers": [
            {"directions": ["h", "v"]}, {"directions": ["h_flip", "w2"]}]},
          "image_height": 16, "image_width": 16, "patch_size": 4, "embed_dim": 16},
          "preprocess": {"resize_short_side": 16, "crop_height": 16, "crop_width": 16}},
        "data": {"path": ")",
      data_path, R"("},
        "recipe": {"epochs": 4, "batch_size": 16, "label_smoothing": 0, "drop_path": 0,
          "optimizer": {"learning_rate": 0.01, "weight_decay": 0.01, "clip_norm": 1},
          "schedule": {"warmup_epochs": 0.5, "warmup_learning_rate": 1e-3,
                       "final_learning_rate": 1e-4},
          "augmentation": {"crop_padding": 1, "flip": 0, "rand_augment_operations": 0,
                           "color_jitter": 0, "random_erasing": 0, "mixup_alpha": 0,
                           "cutmix_alpha": 0})",
      recipe_fields, "}", fields, "}");
}

}  // namespace localmamba

#endif  // LOCALMAMBA_TESTS_SUPPORT_TINY_IMAGE_FOLDER_H_
