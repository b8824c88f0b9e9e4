// Reads long lists of objects in a JSON document one object after the other: what has been read of
// the document is not kept, so that a file of gigabytes takes little more memory than its text.
#ifndef LOCALMAMBA_MODEL_DATA_JSON_LISTS_H_
#define LOCALMAMBA_MODEL_DATA_JSON_LISTS_H_

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "nlohmann/json.hpp"

namespace localmamba {

struct JsonList {
  absl::string_view name;
  absl::FunctionRef<absl::Status(const nlohmann::json&)> visit;  // called with each object
};

// Of a document that is an object with these lists among its members, in whatever order; others are
// passed over. Errors: INVALID_ARGUMENT with the place where the text is no JSON; naming a list that
// is missing, there twice or not a list of objects; the first error of `visit`, under the name of
// the entry, as "images[3]".
absl::Status VisitJsonLists(absl::string_view text, absl::Span<const JsonList> lists);

// Of a document that is the list itself. Errors: as above.
absl::Status VisitJsonList(absl::string_view text, const JsonList& list);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_DATA_JSON_LISTS_H_
