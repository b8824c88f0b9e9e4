// Values of protocol messages as those of plain structs.
#ifndef LOCALMAMBA_SERVER_REPOSITORY_PROTO_VALUES_H_
#define LOCALMAMBA_SERVER_REPOSITORY_PROTO_VALUES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "kernels/base/check.h"

namespace localmamba {

// Enum of the message ↔ enum of the struct. The first row is what an unset field means.
template <class Proto, class Plain, size_t n>
using EnumTable = std::array<std::pair<Proto, Plain>, n>;

template <class Proto, class Plain, size_t n>
absl::StatusOr<Plain> PlainEnum(const EnumTable<Proto, Plain, n>& table, Proto value,
                                absl::string_view field) {
  if (value == Proto{}) return table[0].second;
  for (const auto& [proto, plain] : table) {
    if (proto == value) return plain;
  }
  return absl::InvalidArgumentError(
      absl::StrCat(field, " is the unknown number ", static_cast<int>(value)));
}

template <class Proto, class Plain, size_t n>
Proto ProtoEnum(const EnumTable<Proto, Plain, n>& table, Plain value) {
  for (const auto& [proto, plain] : table) {
    if (plain == value) return proto;
  }
  LM_CHECK(false);
  return Proto{};
}

template <class Repeated>
std::vector<int64_t> ToVector(const Repeated& values) {
  return {values.begin(), values.end()};
}

template <class Repeated>
void ToRepeated(const std::vector<int64_t>& values, Repeated* repeated) {
  for (const int64_t value : values) repeated->Add(static_cast<int32_t>(value));
}

}  // namespace localmamba

#endif  // LOCALMAMBA_SERVER_REPOSITORY_PROTO_VALUES_H_
