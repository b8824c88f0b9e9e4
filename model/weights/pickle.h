// Reads Python pickles as data. Nothing is ever imported or called: a global is kept by name, and a
// call is kept as the name and its arguments.
#ifndef LOCALMAMBA_MODEL_WEIGHTS_PICKLE_H_
#define LOCALMAMBA_MODEL_WEIGHTS_PICKLE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace localmamba {

struct PickleValue {
  enum class Kind : uint8_t {
    kNone,
    kBool,          // integer
    kInt,           // integer; one beyond int64 is refused
    kFloat,         // number
    kText,          // text
    kBytes,         // text
    kGlobal,        // text: "torch.FloatStorage"
    kTuple,         // items
    kList,          // items; also sets
    kDict,          // items: key, value, key, value, ...; also OrderedDict and defaultdict
    kCall,          // text: name of the callable; items: the argument tuple
    kPersistentId,  // items: the id
  };
  Kind kind = Kind::kNone;
  int64_t integer = 0;
  double number = 0;
  std::string text;
  std::vector<const PickleValue*> items;

  // The value under a text key of a dict; the last one if there are several, nullptr if none.
  [[nodiscard]] const PickleValue* Find(absl::string_view key) const;
  [[nodiscard]] bool Is(Kind wanted) const { return kind == wanted; }
};

// Values may be shared and lists and dicts may contain themselves.
struct Pickle {
  Pickle() = default;
  Pickle(Pickle&&) = default;
  Pickle& operator=(Pickle&&) = default;

  std::deque<PickleValue> values;
  const PickleValue* root = nullptr;  // in `values`
};

// Protocols 2 to 4. Errors: INVALID_ARGUMENT naming the place for a malformed or truncated pickle,
// one with more than 2 million values, an opcode that is not supported, or a call of anything but
// the callables that checkpoints are made of, naming it.
absl::StatusOr<Pickle> ReadPickle(absl::Span<const std::byte> bytes);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_WEIGHTS_PICKLE_H_
