#include "model/weights/torch_tensor.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "model/weights/host_tensor.h"

namespace localmamba {
namespace {

using Kind = PickleValue::Kind;

constexpr absl::string_view kRebuildTensor = "torch._utils._rebuild_tensor";
constexpr absl::string_view kRebuildParameter = "torch._utils._rebuild_parameter";

absl::Status Invalid(absl::string_view message) { return absl::InvalidArgumentError(message); }

struct StorageKind {
  absl::string_view name;
  DType dtype;  // of its elements; kInt64 for the bits of a double
  bool is_double = false;
};

constexpr std::array<StorageKind, 7> kStorageKinds = {{
    {"torch.FloatStorage", DType::kFloat32},
    {"torch.HalfStorage", DType::kFloat16},
    {"torch.BFloat16Storage", DType::kBFloat16},
    {"torch.DoubleStorage", DType::kInt64, /*is_double=*/true},
    {"torch.LongStorage", DType::kInt64},
    {"torch.IntStorage", DType::kInt32},
    {"torch.ByteStorage", DType::kUInt8},
}};

// What a pickled tensor says.
struct Layout {
  const PickleValue* storage = nullptr;  // a persistent id
  int64_t offset = 0;                    // all in elements
  Shape shape;
  Shape strides;
};

absl::StatusOr<Shape> ParseExtents(const PickleValue& value, absl::string_view what) {
  if (!value.Is(Kind::kTuple) || value.items.size() > static_cast<size_t>(kMaxRank)) {
    return Invalid(absl::StrCat(what, " is no tuple of at most ", kMaxRank, " numbers"));
  }
  std::vector<int64_t> extents;
  for (const PickleValue* item : value.items) {
    if (!item->Is(Kind::kInt) || item->integer < 0) {
      return Invalid(absl::StrCat(what, " has what is no number from 0"));
    }
    extents.push_back(item->integer);
  }
  return Shape(extents);
}

// Arguments: storage, offset, size, stride, and ones that do not matter here.
absl::StatusOr<Layout> ParseLayout(const PickleValue& call) {
  const PickleValue& arguments = *call.items[0];
  if (!arguments.Is(Kind::kTuple) || arguments.items.size() < 4 ||
      !arguments.items[0]->Is(Kind::kPersistentId) || !arguments.items[1]->Is(Kind::kInt) ||
      arguments.items[1]->integer < 0) {
    return Invalid("is rebuilt from other arguments than storage, offset, size and stride");
  }
  Layout layout;
  layout.storage = arguments.items[0];
  layout.offset = arguments.items[1]->integer;
  LM_ASSIGN_OR_RETURN(layout.shape, ParseExtents(*arguments.items[2], "size"));
  LM_ASSIGN_OR_RETURN(layout.strides, ParseExtents(*arguments.items[3], "stride"));
  if (layout.strides.rank() != layout.shape.rank()) return Invalid("size and stride disagree");
  return layout;
}

// Fails if an element lies outside a storage of `storage_elements`, or if the tensor has more of
// them than the storage.
absl::Status CheckInside(const Layout& layout, int64_t storage_elements) {
  int64_t count = 1;  // were extents of 0 extents of 1: dense strides must not overflow either
  int64_t last = layout.offset;
  bool overflow = false;
  for (int i = 0; i < layout.shape.rank(); ++i) {
    int64_t span = 0;
    overflow |= __builtin_mul_overflow(count, std::max<int64_t>(layout.shape[i], 1), &count);
    overflow |=
        __builtin_mul_overflow(std::max<int64_t>(layout.shape[i] - 1, 0), layout.strides[i], &span);
    overflow |= __builtin_add_overflow(last, span, &last);
  }
  if (!overflow && layout.shape.elements() == 0) return absl::OkStatus();
  if (overflow || last >= storage_elements || count > storage_elements) {
    return Invalid(absl::StrCat("size ", layout.shape.ToString(), ", stride ",
                                layout.strides.ToString(), " and offset ", layout.offset,
                                " reach outside a storage of ", storage_elements, " elements"));
  }
  return absl::OkStatus();
}

// Copies the elements from the storage, in row-major order.
void Gather(const Layout& layout, absl::Span<const std::byte> storage, const Tensor& tensor) {
  const size_t element_bytes = SizeOf(tensor.dtype());
  auto* out = static_cast<std::byte*>(tensor.view().raw_data());
  std::array<int64_t, kMaxRank> position{};
  int64_t index = layout.offset;
  for (int64_t count = tensor.elements(); count > 0; --count) {
    std::memcpy(out, storage.data() + static_cast<size_t>(index) * element_bytes, element_bytes);
    out += element_bytes;
    for (int i = layout.shape.rank() - 1; i >= 0; --i) {
      index += layout.strides[i];
      if (++position[static_cast<size_t>(i)] < layout.shape[i]) break;
      position[static_cast<size_t>(i)] = 0;
      index -= layout.strides[i] * layout.shape[i];
    }
  }
}

absl::StatusOr<Tensor> FromDoubleBits(const Tensor& bits) {
  LM_ASSIGN_OR_RETURN(Tensor result, AllocateHostTensor(DType::kFloat32, bits.shape()));
  const auto* source = bits.data<int64_t>();
  std::transform(source, source + bits.elements(), result.data<float>(),
                 [](int64_t x) { return static_cast<float>(std::bit_cast<double>(x)); });
  return result;
}

struct Storage {
  const StorageKind* kind = nullptr;
  std::string key;
};

// An id is ("storage", type, key, device, number of elements).
absl::StatusOr<Storage> ParseStorage(const PickleValue& persistent) {
  const PickleValue& id = *persistent.items[0];
  if (!id.Is(Kind::kTuple) || id.items.size() < 5 || !id.items[0]->Is(Kind::kText) ||
      id.items[0]->text != "storage" || !id.items[1]->Is(Kind::kGlobal) ||
      !id.items[2]->Is(Kind::kText)) {
    return Invalid("has a storage of unknown form");
  }
  const std::string& name = id.items[1]->text;
  for (const StorageKind& kind : kStorageKinds) {
    if (kind.name == name) return Storage{&kind, id.items[2]->text};
  }
  return Invalid(absl::StrCat(
      "is of ", name, ", wanted Float, Half, BFloat16, Double, Long, Int or ", "ByteStorage"));
}

}  // namespace

bool IsTorchTensor(const PickleValue& value) {
  return value.Is(Kind::kCall) && (absl::StartsWith(value.text, kRebuildTensor) ||
                                   absl::StartsWith(value.text, kRebuildParameter));
}

absl::StatusOr<Tensor> TorchTensorReader::Read(const PickleValue& value) {
  const PickleValue* call = &value;
  if (absl::StartsWith(call->text, kRebuildParameter)) {
    const PickleValue& arguments = *call->items[0];
    if (!arguments.Is(Kind::kTuple) || arguments.items.empty() ||
        !arguments.items[0]->Is(Kind::kCall)) {
      return Invalid("is a parameter without a tensor");
    }
    call = arguments.items[0];
  }
  if (!absl::StartsWith(call->text, kRebuildTensor)) return Invalid("is a parameter of no tensor");
  LM_ASSIGN_OR_RETURN(const Layout layout, ParseLayout(*call));
  LM_ASSIGN_OR_RETURN(const Storage storage, ParseStorage(*layout.storage));

  const std::string path = absl::StrCat(root_, "data/", storage.key);
  const auto file = archive_.files().find(path);
  if (file == archive_.files().end()) {
    return Invalid(absl::StrCat("has its data in \"", path, "\", which the archive lacks"));
  }
  const size_t storage_bytes = file->second.bytes;
  const size_t element_bytes = SizeOf(storage.kind->dtype);
  if (storage_bytes % element_bytes != 0) {
    return Invalid(absl::StrCat("\"", path, "\" has ", storage_bytes,
                                " bytes, wanted a multiple of ", element_bytes));
  }
  LM_RETURN_IF_ERROR(CheckInside(layout, static_cast<int64_t>(storage_bytes / element_bytes)));
  if (storage_bytes > bytes_left_) return Invalid("shares its storage with too many tensors");
  bytes_left_ -= storage_bytes;

  std::vector<std::byte> content(storage_bytes);
  LM_RETURN_IF_ERROR(archive_.Read(file->second, absl::MakeSpan(content)));
  LM_ASSIGN_OR_RETURN(const Tensor tensor, AllocateHostTensor(storage.kind->dtype, layout.shape));
  Gather(layout, content, tensor);
  if (storage.kind->is_double) return FromDoubleBits(tensor);
  const bool is_half = tensor.dtype() == DType::kFloat16 || tensor.dtype() == DType::kBFloat16;
  return is_half ? ToFloat32(tensor) : tensor;
}

}  // namespace localmamba
