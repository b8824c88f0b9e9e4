#include "model/data/coco_data.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"
#include "kernels/detection/mask_polygons.h"
#include "model/data/json_lists.h"
#include "nlohmann/json.hpp"

namespace localmamba {
namespace {

using nlohmann::json;

absl::Status Wrong(absl::string_view field, absl::string_view wanted) {
  return absl::InvalidArgumentError(absl::StrCat("\"", field, "\" is missing or not ", wanted));
}

absl::StatusOr<int64_t> Integer(const json& entry, const char* field) {
  const auto found = entry.find(field);
  if (found == entry.end() || !found->is_number_integer()) return Wrong(field, "an integer");
  return found->get<int64_t>();
}

absl::StatusOr<double> Number(const json& entry, const char* field) {
  const auto found = entry.find(field);
  if (found == entry.end() || !found->is_number() || !std::isfinite(found->get<double>())) {
    return Wrong(field, "a finite number");
  }
  return found->get<double>();
}

absl::StatusOr<CocoBox> ParseBox(const json& value) {
  CocoBox box{};
  if (!value.is_array() || value.size() != box.size()) return Wrong("bbox", "four numbers");
  for (size_t i = 0; i < box.size(); ++i) {
    if (!value[i].is_number() || !std::isfinite(value[i].get<double>())) {
      return Wrong("bbox", "four numbers");
    }
    box[i] = value[i].get<double>();
  }
  return box;
}

absl::StatusOr<RunLengths> ParsePolygons(const json& polygons, int64_t height, int64_t width) {
  std::vector<RunLengths> parts;
  for (const json& polygon : polygons) {
    std::vector<double> corners;
    if (!polygon.is_array()) return Wrong("segmentation", "a list of polygons");
    for (const json& corner : polygon) {
      if (!corner.is_number()) return Wrong("segmentation", "a list of polygons");
      corners.push_back(corner.get<double>());
    }
    LM_ASSIGN_OR_RETURN(RunLengths part, FillPolygon(corners, height, width));
    parts.push_back(std::move(part));
  }
  if (parts.empty()) return Wrong("segmentation", "a list of polygons");
  return Union(parts);
}

absl::StatusOr<RunLengths> ParseRuns(const json& runs) {
  const auto size = runs.find("size");
  if (size == runs.end() || !size->is_array() || size->size() != 2 ||
      !(*size)[0].is_number_integer() || !(*size)[1].is_number_integer()) {
    return Wrong("segmentation.size", "two integers");
  }
  const auto height = (*size)[0].get<int64_t>();
  const auto width = (*size)[1].get<int64_t>();
  const auto counts = runs.find("counts");
  if (counts != runs.end() && counts->is_string()) {
    return ParseRunLengths(counts->get_ref<const std::string&>(), height, width);
  }
  if (counts == runs.end() || !counts->is_array()) {
    return Wrong("segmentation.counts", "text or a list of integers");
  }
  std::vector<uint32_t> lengths;
  for (const json& count : *counts) {
    if (!count.is_number_unsigned() || count.get<uint64_t>() > UINT32_MAX) {
      return Wrong("segmentation.counts", "text or a list of integers");
    }
    lengths.push_back(count.get<uint32_t>());
  }
  return MakeRunLengths(std::move(lengths), height, width);
}

absl::StatusOr<RunLengths> ParseMask(const json& segmentation, const CocoImage& image) {
  if (segmentation.is_array()) return ParsePolygons(segmentation, image.height, image.width);
  if (!segmentation.is_object()) return Wrong("segmentation", "polygons or run lengths");
  LM_ASSIGN_OR_RETURN(RunLengths mask, ParseRuns(segmentation));
  if (mask.height != image.height || mask.width != image.width) {
    return absl::InvalidArgumentError(absl::StrCat("segmentation is of ", mask.height, " x ",
                                                   mask.width, " pixels, the image of ",
                                                   image.height, " x ", image.width));
  }
  return mask;
}

absl::StatusOr<CocoObject> ParseObject(const json& entry, const CocoGroundTruth& truth) {
  CocoObject object;
  LM_ASSIGN_OR_RETURN(object.image_id, Integer(entry, "image_id"));
  LM_ASSIGN_OR_RETURN(object.category_id, Integer(entry, "category_id"));
  const auto image = truth.images.find(object.image_id);
  if (image == truth.images.end()) {
    return absl::InvalidArgumentError(absl::StrCat("image_id ", object.image_id, " is unknown"));
  }
  if (truth.categories.count(object.category_id) == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("category_id ", object.category_id, " is unknown"));
  }
  LM_ASSIGN_OR_RETURN(object.box, ParseBox(entry.value("bbox", json())));
  LM_ASSIGN_OR_RETURN(object.area, Number(entry, "area"));
  const json crowd = entry.value("iscrowd", json(0));
  object.crowd = crowd.is_boolean() ? crowd.get<bool>() : crowd.is_number() && crowd != 0;
  if (entry.contains("segmentation")) {
    LM_ASSIGN_OR_RETURN(object.mask, ParseMask(entry.at("segmentation"), image->second));
  }
  return object;
}

absl::StatusOr<CocoResult> ParseResult(const json& entry) {
  CocoResult result;
  LM_ASSIGN_OR_RETURN(result.image_id, Integer(entry, "image_id"));
  LM_ASSIGN_OR_RETURN(result.category_id, Integer(entry, "category_id"));
  LM_ASSIGN_OR_RETURN(result.score, Number(entry, "score"));
  const bool has_mask = entry.contains("segmentation");
  if (has_mask) {
    if (!entry.at("segmentation").is_object()) return Wrong("segmentation", "run lengths");
    LM_ASSIGN_OR_RETURN(result.mask, ParseRuns(entry.at("segmentation")));
  }
  if (!has_mask || entry.contains("bbox")) {
    LM_ASSIGN_OR_RETURN(result.box, ParseBox(entry.value("bbox", json())));
  }
  return result;
}

absl::StatusOr<std::string> Text(const json& entry, const char* field) {
  const auto found = entry.find(field);
  if (found == entry.end()) return std::string();
  if (!found->is_string()) return Wrong(field, "text");
  return found->get<std::string>();
}

absl::Status CheckSide(absl::string_view field, int64_t side) {
  if (side >= 1 && side <= kMaxCocoSide) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("\"", field, "\" is ", side, ", wanted 1 to ", kMaxCocoSide));
}

absl::Status AddImage(const json& entry, CocoGroundTruth& truth) {
  CocoImage image;
  LM_ASSIGN_OR_RETURN(const int64_t id, Integer(entry, "id"));
  LM_ASSIGN_OR_RETURN(image.height, Integer(entry, "height"));
  LM_RETURN_IF_ERROR(CheckSide("height", image.height));
  LM_ASSIGN_OR_RETURN(image.width, Integer(entry, "width"));
  LM_RETURN_IF_ERROR(CheckSide("width", image.width));
  LM_ASSIGN_OR_RETURN(image.file_name, Text(entry, "file_name"));
  if (truth.images.emplace(id, std::move(image)).second) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("id ", id, " occurs twice"));
}

absl::Status AddCategory(const json& entry, CocoGroundTruth& truth) {
  LM_ASSIGN_OR_RETURN(const int64_t id, Integer(entry, "id"));
  LM_ASSIGN_OR_RETURN(std::string name, Text(entry, "name"));
  if (!truth.categories.emplace(id, std::move(name)).second) {
    return absl::InvalidArgumentError(absl::StrCat("id ", id, " occurs twice"));
  }
  truth.category_order.push_back(id);
  return absl::OkStatus();
}

// Objects need the images, which official files have before them, and the categories, which those
// have after them: two passes.
absl::StatusOr<CocoGroundTruth> ParseGroundTruth(absl::string_view text) {
  CocoGroundTruth truth;
  const auto add_image = [&](const json& entry) { return AddImage(entry, truth); };
  const auto add_category = [&](const json& entry) { return AddCategory(entry, truth); };
  LM_RETURN_IF_ERROR(VisitJsonLists(text, {{"images", add_image}, {"categories", add_category}}));
  const auto add_object = [&](const json& entry) -> absl::Status {
    LM_ASSIGN_OR_RETURN(CocoObject object, ParseObject(entry, truth));
    truth.objects.push_back(std::move(object));
    return absl::OkStatus();
  };
  LM_RETURN_IF_ERROR(VisitJsonLists(text, {{"annotations", add_object}}));
  return truth;
}

absl::StatusOr<std::vector<CocoResult>> ParseResults(absl::string_view text) {
  std::vector<CocoResult> results;
  const auto add_result = [&](const json& entry) -> absl::Status {
    LM_ASSIGN_OR_RETURN(CocoResult result, ParseResult(entry));
    results.push_back(std::move(result));
    return absl::OkStatus();
  };
  LM_RETURN_IF_ERROR(VisitJsonList(text, {"results", add_result}));
  return results;
}

}  // namespace

absl::StatusOr<CocoGroundTruth> ParseCocoGroundTruth(absl::string_view text,
                                                     absl::string_view source) {
  absl::StatusOr<CocoGroundTruth> truth = ParseGroundTruth(text);
  if (!truth.ok()) return Annotate(truth.status(), source);
  return truth;
}

CocoGroundTruth SelectImages(const CocoGroundTruth& truth, const std::set<int64_t>& image_ids) {
  CocoGroundTruth selected;
  selected.categories = truth.categories;
  selected.category_order = truth.category_order;
  for (const auto& [id, image] : truth.images) {
    if (image_ids.count(id) > 0) selected.images.emplace(id, image);
  }
  for (const CocoObject& object : truth.objects) {
    if (image_ids.count(object.image_id) > 0) selected.objects.push_back(object);
  }
  return selected;
}

absl::StatusOr<std::vector<CocoResult>> ParseCocoResults(absl::string_view text,
                                                         absl::string_view source) {
  absl::StatusOr<std::vector<CocoResult>> results = ParseResults(text);
  if (!results.ok()) return Annotate(results.status(), source);
  return results;
}

}  // namespace localmamba
