#include "server/rpc/open_inference/head_answer.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "server/rpc/open_inference/answer_output.h"
#include "server/rpc/open_inference/tensor_contents.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {
namespace {

template <class T>
std::string RawOf(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

// `values_of(object)` in rows of `width` for each object of each image; 0 in rows without one.
template <class T, class Values>
std::string RowsOf(absl::Span<const FoundObjects> images, size_t rows, size_t width,
                   const Values& values_of) {
  std::vector<T> elements(images.size() * rows * width);
  for (size_t i = 0; i < images.size(); ++i) {
    T* row = elements.data() + i * rows * width;
    for (const FoundObject& object : images[i].objects) {
      const auto values = values_of(object);
      row = std::copy(values.begin(), values.end(), row);
    }
  }
  return RawOf(elements);
}

std::string MasksOf(absl::Span<const FoundObjects> images, size_t rows) {
  std::string raw;
  for (const FoundObjects& image : images) {
    for (size_t row = 0; row < rows; ++row) {
      const bool has_mask = row < image.objects.size() && image.objects[row].mask.has_value();
      AppendRawBytes(has_mask ? FormatRunLengths(*image.objects[row].mask) : "", raw);
    }
  }
  return raw;
}

// One element, or several, for each image.
template <class Values>
std::string ItemsOf(absl::Span<const FoundObjects> images, const Values& values_of) {
  std::vector<int32_t> elements;
  for (const FoundObjects& image : images) {
    for (const int64_t value : values_of(image)) elements.push_back(static_cast<int32_t>(value));
  }
  return RawOf(elements);
}

std::string Elements(const OutputTensor& tensor, absl::Span<const FoundObjects> images) {
  const auto rows = static_cast<size_t>(tensor.dims.front());
  switch (tensor.role) {
    case OutputRole::kBoxes:
      return RowsOf<float>(images, rows, 4, [](const FoundObject& object) {
        return std::array{object.box.x1, object.box.y1, object.box.x2, object.box.y2};
      });
    case OutputRole::kScores:
      return RowsOf<float>(images, rows, 1,
                           [](const FoundObject& object) { return std::array{object.score}; });
    case OutputRole::kClasses:
      return RowsOf<int32_t>(images, rows, 1, [](const FoundObject& object) {
        return std::array{static_cast<int32_t>(object.class_id)};
      });
    case OutputRole::kMasks:
      return MasksOf(images, rows);
    case OutputRole::kCounts:
      return ItemsOf(images, [](const FoundObjects& image) {
        return std::array{static_cast<int64_t>(image.objects.size())};
      });
    default:
      return ItemsOf(images, [](const FoundObjects& image) {
        return std::array{image.image_height, image.image_width};
      });
  }
}

template <class Sample>
void AppendLabels(const Tensor& labels, std::string& raw) {
  const int32_t* first = labels.data<int32_t>();
  raw += RawOf(std::vector<Sample>(first, first + labels.elements()));
}

}  // namespace

DetectQuestion DetectQuestionFor(absl::Span<const WantedOutput> outputs) {
  DetectQuestion question;
  for (const WantedOutput& wanted : outputs) {
    if (wanted.tensor.role == OutputRole::kMasks) {
      question.masks = DetectQuestion::Masks::kRunLengths;
    }
  }
  return question;
}

SegmentQuestion SegmentQuestionFor(absl::Span<const WantedOutput> /*outputs*/) {
  return {.format = SegmentQuestion::Format::kLabels};
}

absl::Status WriteAnswer(absl::Span<const FoundObjects> images,
                         absl::Span<const WantedOutput> outputs,
                         inference::ModelInferResponse& response) {
  for (const WantedOutput& wanted : outputs) {
    std::vector<int64_t> shape = wanted.tensor.dims;
    shape.insert(shape.begin(), static_cast<int64_t>(images.size()));
    LM_RETURN_IF_ERROR(
        AddOutput(wanted, wanted.tensor.type, shape, Elements(wanted.tensor, images), response));
  }
  return absl::OkStatus();
}

absl::Status WriteAnswer(absl::Span<const Segmentation> images,
                         absl::Span<const WantedOutput> outputs,
                         inference::ModelInferResponse& response) {
  const Segmentation& first = images.front();
  for (size_t i = 1; i < images.size(); ++i) {
    if (images[i].labels.shape() == first.labels.shape()) continue;
    return InvalidRequest(absl::StrCat(
        "images: found one of ", first.image_height, " x ", first.image_width, " and, as number ",
        i, ", one of ", images[i].image_height, " x ", images[i].image_width,
        " pixels, wanted one size in a request, as they share the output \"labels\""));
  }
  for (const WantedOutput& wanted : outputs) {
    std::string raw;
    for (const Segmentation& image : images) {
      if (wanted.tensor.type == inference::TYPE_UINT8) {
        AppendLabels<uint8_t>(image.labels, raw);
      } else {
        AppendLabels<uint16_t>(image.labels, raw);
      }
    }
    LM_RETURN_IF_ERROR(
        AddOutput(wanted, wanted.tensor.type,
                  {static_cast<int64_t>(images.size()), first.image_height, first.image_width},
                  std::move(raw), response));
  }
  return absl::OkStatus();
}

}  // namespace localmamba::server
