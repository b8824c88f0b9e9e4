#include "model/data/format_coco.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "kernels/detection/run_lengths.h"
#include "nlohmann/json.hpp"

namespace localmamba {
namespace {

using nlohmann::ordered_json;

// A line for each result, with `field` added to it.
template <class MakeField>
std::string Format(absl::Span<const CocoResult> results, const char* field,
                   const MakeField& make_field) {
  std::string text = "[";
  for (const CocoResult& result : results) {
    ordered_json record = {{"image_id", result.image_id},
                           {"category_id", result.category_id},
                           {"score", result.score}};
    record[field] = make_field(result);
    absl::StrAppend(&text, text.size() == 1 ? "\n" : ",\n", record.dump());
  }
  absl::StrAppend(&text, "\n]\n");
  return text;
}

}  // namespace

std::string FormatCocoBoxes(absl::Span<const CocoResult> results) {
  return Format(results, "bbox", [](const CocoResult& result) { return result.box; });
}

std::string FormatCocoMasks(absl::Span<const CocoResult> results) {
  return Format(results, "segmentation", [](const CocoResult& result) {
    return ordered_json{{"size", {result.mask.height, result.mask.width}},
                        {"counts", FormatRunLengths(result.mask)}};
  });
}

}  // namespace localmamba
