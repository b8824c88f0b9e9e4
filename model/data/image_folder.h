// One part of a data set: a folder per class of JPEG, PNG and WebP images.
#ifndef LOCALMAMBA_MODEL_DATA_IMAGE_FOLDER_H_
#define LOCALMAMBA_MODEL_DATA_IMAGE_FOLDER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "model/data/file_tree.h"

namespace localmamba {

// PART/CLASS/NAME.{jpg,jpeg,png,webp} of a file tree; the case of the suffix does not matter, other
// files and names that begin with a dot are passed over. Classes are numbered by name, images are
// ordered by class and name. Immutable; safe to call from several threads.
class ImageFolder {
 public:
  // Errors: NOT_FOUND if the tree has no folder `part`, naming those it has; INVALID_ARGUMENT if
  //         that has no class folder, or one without images or whose name is not UTF-8, naming
  //         it; those of FileTree::List.
  static absl::StatusOr<ImageFolder> Open(std::shared_ptr<const FileTree> tree,
                                          const std::string& part);

  [[nodiscard]] const std::vector<std::string>& classes() const { return classes_; }
  [[nodiscard]] int64_t size() const { return static_cast<int64_t>(images_.size()); }

  // Of image 0 <= index < size().
  [[nodiscard]] int64_t label(int64_t index) const { return At(index).label; }
  [[nodiscard]] std::string path(int64_t index) const;  // "train/cat/1.jpg"

  // The encoded bytes. Errors: those of FileTree::Read.
  [[nodiscard]] absl::StatusOr<std::vector<uint8_t>> Read(int64_t index, size_t max_bytes) const;

  // The images of these indices, of the same classes.
  [[nodiscard]] ImageFolder Select(const std::vector<int64_t>& indices) const;

  // The same images with the numbers that `classes`, sorted by name, give their classes.
  // Errors: INVALID_ARGUMENT naming a class that is not among them.
  [[nodiscard]] absl::StatusOr<ImageFolder> Relabel(std::vector<std::string> classes) const;

 private:
  struct Image {
    int64_t label = 0;
    std::string name;
  };

  ImageFolder(std::shared_ptr<const FileTree> tree, std::string part)
      : tree_(std::move(tree)), part_(std::move(part)) {}

  [[nodiscard]] const Image& At(int64_t index) const { return images_[static_cast<size_t>(index)]; }

  std::shared_ptr<const FileTree> tree_;
  std::string part_;
  std::vector<std::string> classes_;  // by label
  std::vector<Image> images_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_DATA_IMAGE_FOLDER_H_
