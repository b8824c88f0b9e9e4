#include "server/rpc/open_inference/datatype.h"

#include <array>

#include "kernels/base/check.h"

namespace localmamba::server {
namespace {

struct Entry {
  inference::DataType type;
  absl::string_view name;
  size_t bytes;
};

constexpr std::array<Entry, 14> kDatatypes = {{{inference::TYPE_BOOL, "BOOL", 1},
                                               {inference::TYPE_UINT8, "UINT8", 1},
                                               {inference::TYPE_UINT16, "UINT16", 2},
                                               {inference::TYPE_UINT32, "UINT32", 4},
                                               {inference::TYPE_UINT64, "UINT64", 8},
                                               {inference::TYPE_INT8, "INT8", 1},
                                               {inference::TYPE_INT16, "INT16", 2},
                                               {inference::TYPE_INT32, "INT32", 4},
                                               {inference::TYPE_INT64, "INT64", 8},
                                               {inference::TYPE_FP16, "FP16", 2},
                                               {inference::TYPE_FP32, "FP32", 4},
                                               {inference::TYPE_FP64, "FP64", 8},
                                               {inference::TYPE_STRING, "BYTES", 0},
                                               {inference::TYPE_BF16, "BF16", 2}}};

const Entry& EntryOf(inference::DataType type) {
  LM_CHECK(type > inference::TYPE_INVALID && type <= inference::TYPE_BF16);
  return kDatatypes[static_cast<size_t>(type) - 1];
}

}  // namespace

absl::string_view DatatypeName(inference::DataType type) { return EntryOf(type).name; }

inference::DataType ParseDatatype(absl::string_view name) {
  for (const Entry& entry : kDatatypes) {
    if (entry.name == name) return entry.type;
  }
  return inference::TYPE_INVALID;
}

size_t DatatypeBytes(inference::DataType type) { return EntryOf(type).bytes; }

}  // namespace localmamba::server
