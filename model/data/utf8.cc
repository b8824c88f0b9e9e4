#include "model/data/utf8.h"

#include "nlohmann/json.hpp"

namespace localmamba {

std::string ToUtf8(const std::string& text) {
  using nlohmann::json;
  const std::string quoted = json(text).dump(-1, ' ', false, json::error_handler_t::replace);
  return json::parse(quoted).get<std::string>();
}

}  // namespace localmamba
