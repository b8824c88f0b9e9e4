#include "client/cli/image_request.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace localmamba::client {

v1::ModelReference ToModelReference(const std::string& name, const std::string& version) {
  v1::ModelReference model;
  model.set_name(name);
  int64_t number = 0;
  if (absl::SimpleAtoi(version, &number) && absl::StrCat(number) == version) {
    model.set_number(number);
  } else if (!version.empty()) {
    model.set_label(version);
  }
  return model;
}

v1::Image ToImage(std::string bytes, const std::optional<RawSize>& raw) {
  v1::Image image;
  if (!raw.has_value()) {
    image.set_encoded(std::move(bytes));
    return image;
  }
  image.mutable_raw()->set_height(raw->height);
  image.mutable_raw()->set_width(raw->width);
  image.mutable_raw()->set_rgb(std::move(bytes));
  return image;
}

}  // namespace localmamba::client
