#include "kernels/tensor/dtype.h"

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kernels/base/check.h"

namespace localmamba {
namespace {

struct Row {
  DType dtype;
  absl::string_view name;
  size_t bytes;
};

constexpr std::array<Row, 6> kRows = {{
    {DType::kFloat32, "f32", 4},
    {DType::kFloat16, "f16", 2},
    {DType::kBFloat16, "bf16", 2},
    {DType::kInt32, "i32", 4},
    {DType::kInt64, "i64", 8},
    {DType::kUInt8, "u8", 1},
}};

const Row& Find(DType dtype) {
  const auto index = static_cast<size_t>(dtype);
  LM_CHECK(index < kRows.size() && kRows[index].dtype == dtype);
  return kRows[index];
}

}  // namespace

size_t SizeOf(DType dtype) { return Find(dtype).bytes; }

bool IsFloat(DType dtype) {
  return dtype == DType::kFloat32 || dtype == DType::kFloat16 || dtype == DType::kBFloat16;
}

absl::string_view ToString(DType dtype) { return Find(dtype).name; }

absl::StatusOr<DType> ParseDType(absl::string_view text) {
  for (const Row& row : kRows) {
    if (row.name == text) return row.dtype;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("dtype \"", text, "\": wanted f32, f16, bf16, i32, i64 or u8"));
}

}  // namespace localmamba
