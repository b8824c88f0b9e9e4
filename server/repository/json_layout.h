// Lays JSON out for people.
#ifndef LOCALMAMBA_SERVER_REPOSITORY_JSON_LAYOUT_H_
#define LOCALMAMBA_SERVER_REPOSITORY_JSON_LAYOUT_H_

#include <string>

#include "nlohmann/json.hpp"

namespace localmamba {

// Indents by two spaces, keeps a list or object on one line if the line stays within 100 columns,
// and fills lines with the numbers of a longer list. Ends with a newline.
std::string LayOutJson(const nlohmann::ordered_json& value);

}  // namespace localmamba

#endif  // LOCALMAMBA_SERVER_REPOSITORY_JSON_LAYOUT_H_
