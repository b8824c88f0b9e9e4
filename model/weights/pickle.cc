#include "model/weights/pickle.h"

#include <algorithm>
#include <array>
#include <bit>
#include <unordered_map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "model/weights/pickle_opcodes.h"

namespace localmamba {
namespace {

using Kind = PickleValue::Kind;

constexpr size_t kMaxValues = size_t{1} << 21;

// What checkpoints call. Others are refused: a file that wants to is not one of weights.
constexpr std::array<absl::string_view, 16> kCallables = {
    "collections.OrderedDict",
    "collections.defaultdict",
    "torch._utils._rebuild_tensor",
    "torch._utils._rebuild_tensor_v2",
    "torch._utils._rebuild_parameter",
    "torch._utils._rebuild_parameter_with_state",
    "torch.Size",
    "torch.device",
    "argparse.Namespace",
    "numpy.dtype",
    "numpy.core.multiarray.scalar",
    "numpy.core.multiarray._reconstruct",
    "numpy._core.multiarray.scalar",
    "numpy._core.multiarray._reconstruct",
    "_codecs.encode",
    "mmengine.logging.history_buffer.HistoryBuffer",
};

class Machine {
 public:
  explicit Machine(absl::Span<const std::byte> bytes) : bytes_(bytes) {}

  absl::StatusOr<Pickle> Run() {
    while (pickle_.root == nullptr) {
      const absl::Status status = Step();
      if (!status.ok()) {
        return absl::InvalidArgumentError(
            absl::StrCat("pickle at byte ", opcode_at_, ": ", status.message()));
      }
    }
    return std::move(pickle_);
  }

 private:
  static absl::Status Error(absl::string_view message) {
    return absl::InvalidArgumentError(message);
  }

  // The next `count` bytes.
  absl::StatusOr<absl::string_view> Take(uint64_t count) {
    if (count > bytes_.size() - at_) return Error("is cut short");
    const absl::string_view taken(reinterpret_cast<const char*>(bytes_.data()) + at_, count);
    at_ += count;
    return taken;
  }

  // The next `count` <= 8 bytes as a little-endian number.
  absl::StatusOr<uint64_t> TakeNumber(size_t count) {
    LM_ASSIGN_OR_RETURN(const absl::string_view raw, Take(count));
    uint64_t value = 0;
    for (size_t i = 0; i < count; ++i) {
      value |= uint64_t{static_cast<uint8_t>(raw[i])} << (8 * i);
    }
    return value;
  }

  // Bytes that a number of `length_bytes` bytes counts.
  absl::StatusOr<absl::string_view> TakeCounted(size_t length_bytes) {
    LM_ASSIGN_OR_RETURN(const uint64_t length, TakeNumber(length_bytes));
    return Take(length);
  }

  absl::StatusOr<absl::string_view> TakeLine() {
    const absl::string_view rest(reinterpret_cast<const char*>(bytes_.data()) + at_,
                                 bytes_.size() - at_);
    const size_t end = rest.find('\n');
    if (end == absl::string_view::npos) return Error("is cut short");
    at_ += end + 1;
    return rest.substr(0, end);
  }

  absl::Status Push(PickleValue value) {
    if (pickle_.values.size() >= kMaxValues) {
      return Error(absl::StrCat("has more than ", kMaxValues, " values"));
    }
    pickle_.values.push_back(std::move(value));
    stack_.push_back(&pickle_.values.back());
    return absl::OkStatus();
  }

  absl::Status PushText(Kind kind, absl::StatusOr<absl::string_view> text) {
    if (!text.ok()) return text.status();
    return Push({.kind = kind, .text = std::string(*text)});
  }

  absl::Status PushInt(Kind kind, int64_t value) { return Push({.kind = kind, .integer = value}); }

  // The last `count` values above the innermost mark.
  absl::StatusOr<std::vector<PickleValue*>> Pop(size_t count) {
    const size_t floor = marks_.empty() ? 0 : marks_.back();
    if (stack_.size() - floor < count) return Error("takes from an empty stack");
    std::vector<PickleValue*> values(stack_.end() - static_cast<ptrdiff_t>(count), stack_.end());
    stack_.resize(stack_.size() - count);
    return values;
  }

  absl::StatusOr<std::vector<PickleValue*>> PopToMark() {
    if (marks_.empty()) return Error("has no mark to go back to");
    auto values = Pop(stack_.size() - marks_.back());
    marks_.pop_back();
    return values;
  }

  absl::Status PushItems(Kind kind, absl::StatusOr<std::vector<PickleValue*>> items) {
    if (!items.ok()) return items.status();
    return Push({.kind = kind, .items = {items->begin(), items->end()}});
  }

  // Adds to the list or dict on top of the stack. Additions to the results of calls are dropped.
  absl::Status AddItems(Kind kind, absl::StatusOr<std::vector<PickleValue*>> items) {
    if (!items.ok()) return items.status();
    const size_t floor = marks_.empty() ? 0 : marks_.back();
    if (stack_.size() == floor) return Error("takes from an empty stack");
    PickleValue* target = stack_.back();
    if (target->Is(Kind::kCall)) return absl::OkStatus();
    if (!target->Is(kind) || (kind == Kind::kDict && items->size() % 2 != 0)) {
      return Error("adds items to a value that cannot hold them");
    }
    target->items.insert(target->items.end(), items->begin(), items->end());
    return absl::OkStatus();
  }

  absl::Status Call(size_t arguments) {
    LM_ASSIGN_OR_RETURN(const auto values, Pop(arguments + 1));
    const PickleValue& callable = *values[0];
    if (!callable.Is(Kind::kGlobal)) return Error("calls what is no global");
    if (std::find(kCallables.begin(), kCallables.end(), callable.text) == kCallables.end()) {
      return Error(absl::StrCat("calls \"", callable.text, "\", which is refused"));
    }
    if (callable.text == "collections.defaultdict") return Push({.kind = Kind::kDict});
    if (callable.text == "collections.OrderedDict") {
      if (!values[1]->items.empty()) return Error("makes an OrderedDict from arguments");
      return Push({.kind = Kind::kDict});
    }
    return Push({.kind = Kind::kCall, .text = callable.text, .items = {values[1]}});
  }

  absl::Status Put(uint64_t index) {
    if (stack_.empty()) return Error("takes from an empty stack");
    memo_[index] = stack_.back();
    return absl::OkStatus();
  }

  absl::Status Get(uint64_t index) {
    const auto found = memo_.find(index);
    if (found == memo_.end()) return Error(absl::StrCat("gets value ", index, " before it is put"));
    stack_.push_back(found->second);
    return absl::OkStatus();
  }

  absl::Status PushLong() {
    LM_ASSIGN_OR_RETURN(const absl::string_view raw, TakeCounted(1));
    if (raw.size() > 8) return Error("has an integer beyond 64 bits");
    uint64_t value = 0;
    for (size_t i = 0; i < raw.size(); ++i) {
      value |= uint64_t{static_cast<uint8_t>(raw[i])} << (8 * i);
    }
    const bool negative = !raw.empty() && (static_cast<uint8_t>(raw.back()) & 0x80U) != 0;
    if (negative && raw.size() < 8) value |= ~uint64_t{0} << (8 * raw.size());
    return PushInt(Kind::kInt, static_cast<int64_t>(value));
  }

  absl::Status PushFloat() {
    LM_ASSIGN_OR_RETURN(const absl::string_view raw, Take(8));
    uint64_t bits = 0;  // big-endian, unlike all other numbers
    for (const char c : raw) bits = bits << 8 | static_cast<uint8_t>(c);
    return Push({.kind = Kind::kFloat, .number = std::bit_cast<double>(bits)});
  }

  absl::Status PushGlobal() {
    LM_ASSIGN_OR_RETURN(const absl::string_view module, TakeLine());
    LM_ASSIGN_OR_RETURN(const absl::string_view name, TakeLine());
    return Push({.kind = Kind::kGlobal, .text = absl::StrCat(module, ".", name)});
  }

  absl::Status PushStackGlobal() {
    LM_ASSIGN_OR_RETURN(const auto names, Pop(2));
    if (!names[0]->Is(Kind::kText) || !names[1]->Is(Kind::kText)) {
      return Error("names a global by what is no text");
    }
    return Push({.kind = Kind::kGlobal, .text = absl::StrCat(names[0]->text, ".", names[1]->text)});
  }

  // Runs Get or Put with a number of `count` bytes.
  absl::Status Memo(absl::Status (Machine::*action)(uint64_t), size_t count) {
    LM_ASSIGN_OR_RETURN(const uint64_t index, TakeNumber(count));
    return (this->*action)(index);
  }

  absl::Status Stop() {
    LM_ASSIGN_OR_RETURN(const auto values, Pop(1));
    if (!stack_.empty() || !marks_.empty()) return Error("leaves values on the stack");
    pickle_.root = values[0];
    return absl::OkStatus();
  }

  absl::Status CheckProtocol() {
    LM_ASSIGN_OR_RETURN(const uint64_t protocol, TakeNumber(1));
    if (protocol < 2 || protocol > 4) {
      return Error(absl::StrCat("is of protocol ", protocol, ", wanted 2 to 4"));
    }
    return absl::OkStatus();
  }

  absl::Status PushUnsigned(size_t count) {
    LM_ASSIGN_OR_RETURN(const uint64_t value, TakeNumber(count));
    return PushInt(Kind::kInt, static_cast<int64_t>(value));
  }

  absl::Status PushSigned32() {
    LM_ASSIGN_OR_RETURN(const uint64_t value, TakeNumber(4));
    return PushInt(Kind::kInt, static_cast<int32_t>(static_cast<uint32_t>(value)));
  }

  absl::Status Duplicate() {
    LM_ASSIGN_OR_RETURN(const auto values, Pop(1));
    stack_.insert(stack_.end(), 2, values[0]);
    return absl::OkStatus();
  }

  absl::Status Step() {
    opcode_at_ = at_;
    LM_ASSIGN_OR_RETURN(const uint64_t opcode, TakeNumber(1));
    switch (static_cast<PickleOpcode>(opcode)) {
      case PickleOpcode::kProto:
        return CheckProtocol();
      case PickleOpcode::kFrame:
        return Take(8).status();
      case PickleOpcode::kStop:
        return Stop();
      case PickleOpcode::kMark:
        marks_.push_back(stack_.size());
        return absl::OkStatus();
      case PickleOpcode::kPop:
        return Pop(1).status();
      case PickleOpcode::kPopMark:
        return PopToMark().status();
      case PickleOpcode::kDup:
        return Duplicate();
      case PickleOpcode::kNone:
        return Push({});
      case PickleOpcode::kNewTrue:
        return PushInt(Kind::kBool, 1);
      case PickleOpcode::kNewFalse:
        return PushInt(Kind::kBool, 0);
      case PickleOpcode::kBinInt:
        return PushSigned32();
      case PickleOpcode::kBinInt1:
        return PushUnsigned(1);
      case PickleOpcode::kBinInt2:
        return PushUnsigned(2);
      case PickleOpcode::kLong1:
        return PushLong();
      case PickleOpcode::kBinFloat:
        return PushFloat();
      case PickleOpcode::kShortBinUnicode:
        return PushText(Kind::kText, TakeCounted(1));
      case PickleOpcode::kBinUnicode:
        return PushText(Kind::kText, TakeCounted(4));
      case PickleOpcode::kBinUnicode8:
        return PushText(Kind::kText, TakeCounted(8));
      case PickleOpcode::kShortBinString:
      case PickleOpcode::kShortBinBytes:
        return PushText(Kind::kBytes, TakeCounted(1));
      case PickleOpcode::kBinString:
      case PickleOpcode::kBinBytes:
        return PushText(Kind::kBytes, TakeCounted(4));
      case PickleOpcode::kBinBytes8:
        return PushText(Kind::kBytes, TakeCounted(8));
      case PickleOpcode::kEmptyTuple:
        return Push({.kind = Kind::kTuple});
      case PickleOpcode::kTuple1:
        return PushItems(Kind::kTuple, Pop(1));
      case PickleOpcode::kTuple2:
        return PushItems(Kind::kTuple, Pop(2));
      case PickleOpcode::kTuple3:
        return PushItems(Kind::kTuple, Pop(3));
      case PickleOpcode::kTuple:
        return PushItems(Kind::kTuple, PopToMark());
      case PickleOpcode::kEmptyList:
      case PickleOpcode::kEmptySet:
        return Push({.kind = Kind::kList});
      case PickleOpcode::kFrozenSet:
        return PushItems(Kind::kList, PopToMark());
      case PickleOpcode::kAppend:
        return AddItems(Kind::kList, Pop(1));
      case PickleOpcode::kAppends:
      case PickleOpcode::kAddItems:
        return AddItems(Kind::kList, PopToMark());
      case PickleOpcode::kEmptyDict:
        return Push({.kind = Kind::kDict});
      case PickleOpcode::kSetItem:
        return AddItems(Kind::kDict, Pop(2));
      case PickleOpcode::kSetItems:
        return AddItems(Kind::kDict, PopToMark());
      case PickleOpcode::kGlobal:
        return PushGlobal();
      case PickleOpcode::kStackGlobal:
        return PushStackGlobal();
      case PickleOpcode::kReduce:
      case PickleOpcode::kNewObj:
        return Call(1);
      case PickleOpcode::kNewObjEx:
        return Call(2);
      case PickleOpcode::kBuild:  // the state of an object, such as the _metadata of a state dict
        return Pop(1).status();
      case PickleOpcode::kBinPersId:
        return PushItems(Kind::kPersistentId, Pop(1));
      case PickleOpcode::kBinPut:
        return Memo(&Machine::Put, 1);
      case PickleOpcode::kLongBinPut:
        return Memo(&Machine::Put, 4);
      case PickleOpcode::kMemoize:
        return Put(memo_.size());
      case PickleOpcode::kBinGet:
        return Memo(&Machine::Get, 1);
      case PickleOpcode::kLongBinGet:
        return Memo(&Machine::Get, 4);
    }
    return Error(absl::StrCat("has the unsupported opcode 0x", absl::Hex(opcode)));
  }

  absl::Span<const std::byte> bytes_;
  size_t at_ = 0;
  size_t opcode_at_ = 0;
  Pickle pickle_;
  std::vector<PickleValue*> stack_;
  std::vector<size_t> marks_;  // heights of the stack
  std::unordered_map<uint64_t, PickleValue*> memo_;
};

}  // namespace

const PickleValue* PickleValue::Find(absl::string_view key) const {
  if (!Is(Kind::kDict)) return nullptr;
  for (size_t i = items.size(); i >= 2; i -= 2) {
    const PickleValue* candidate = items[i - 2];
    if (candidate->Is(Kind::kText) && candidate->text == key) return items[i - 1];
  }
  return nullptr;
}

absl::StatusOr<Pickle> ReadPickle(absl::Span<const std::byte> bytes) {
  return Machine(bytes).Run();
}

}  // namespace localmamba
