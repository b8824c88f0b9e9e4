#include "model/weights/torch_checkpoint.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"
#include "model/weights/mapped_file.h"
#include "model/weights/pickle.h"
#include "model/weights/torch_tensor.h"
#include "model/weights/zip_archive.h"

namespace localmamba {
namespace {

using Kind = PickleValue::Kind;

constexpr absl::string_view kPickleName = "data.pkl";
constexpr size_t kMaxPickleBytes = size_t{64} << 20;
// Storages that tensors share are read once for each of them, up to this many times the file.
constexpr size_t kMaxRereads = 8;
constexpr std::array<absl::string_view, 3> kEntries = {"state_dict", "model", "ema_model"};

absl::Status Invalid(absl::string_view message) { return absl::InvalidArgumentError(message); }

// The folder of the archive that has data.pkl, with its slash.
absl::StatusOr<std::string> FindRoot(const ZipArchive& archive) {
  for (const auto& [name, file] : archive.files()) {
    absl::string_view root = name;
    if (absl::ConsumeSuffix(&root, kPickleName) && (root.empty() || absl::EndsWith(root, "/"))) {
      return std::string(root);
    }
  }
  return Invalid("the archive has no data.pkl: is no PyTorch checkpoint");
}

absl::Status CheckByteOrder(const ZipArchive& archive, const std::string& root) {
  const auto file = archive.files().find(absl::StrCat(root, "byteorder"));
  if (file == archive.files().end()) return absl::OkStatus();  // older files: little
  std::string text(std::min<size_t>(file->second.bytes, 16), '\0');
  if (text.size() == file->second.bytes) {
    LM_RETURN_IF_ERROR(archive.Read(
        file->second, absl::MakeSpan(reinterpret_cast<std::byte*>(text.data()), text.size())));
  }
  if (text == "little") return absl::OkStatus();
  return Invalid(absl::StrCat("byte order is \"", text, "\", wanted little"));
}

absl::StatusOr<Pickle> ReadRootPickle(const ZipArchive& archive, const std::string& root) {
  const ZipArchive::File& file = archive.files().at(absl::StrCat(root, kPickleName));
  if (file.bytes > kMaxPickleBytes) {
    return Invalid(
        absl::StrCat("data.pkl has ", file.bytes, " bytes, wanted at most ", kMaxPickleBytes));
  }
  std::vector<std::byte> content(file.bytes);
  LM_RETURN_IF_ERROR(archive.Read(file, absl::MakeSpan(content)));
  return ReadPickle(content);
}

// The keys of a dict that are text.
std::vector<std::string> TextKeys(const PickleValue& dict) {
  std::vector<std::string> keys;
  for (size_t i = 0; i + 1 < dict.items.size(); i += 2) {
    if (dict.items[i]->Is(Kind::kText)) keys.push_back(dict.items[i]->text);
  }
  return keys;
}

// Finds the state dict and notes its key and what lies beside it.
absl::StatusOr<const PickleValue*> FindStateDict(const PickleValue& root, absl::string_view wanted,
                                                 TorchCheckpoint& checkpoint) {
  if (!root.Is(Kind::kDict)) return Invalid("the checkpoint is no dict");
  const std::vector<std::string> keys = TextKeys(root);
  if (!wanted.empty()) {
    checkpoint.entry = std::string(wanted);
  } else {
    for (const absl::string_view entry : kEntries) {
      const PickleValue* found = root.Find(entry);
      if (found != nullptr && found->Is(Kind::kDict)) {
        checkpoint.entry = std::string(entry);
        break;
      }
    }
    if (checkpoint.entry.empty()) return &root;
  }
  const PickleValue* dict = root.Find(checkpoint.entry);
  if (dict == nullptr || !dict->Is(Kind::kDict)) {
    return Invalid(absl::StrCat("has no state dict \"", checkpoint.entry,
                                "\"; its entries are: ", absl::StrJoin(keys, ", ")));
  }
  std::copy_if(keys.begin(), keys.end(), std::back_inserter(checkpoint.skipped),
               [&](const std::string& key) { return key != checkpoint.entry; });
  return dict;
}

absl::string_view WithoutModule(absl::string_view name) {
  while (absl::ConsumePrefix(&name, "module.")) {
  }
  return name;
}

absl::Status ReadStateDict(const PickleValue& dict, CheckpointPart part, TorchTensorReader& reader,
                           TorchCheckpoint& checkpoint) {
  const std::vector<std::string> keys = TextKeys(dict);
  const bool only_backbone = part == CheckpointPart::kBackbone &&
                             std::any_of(keys.begin(), keys.end(), [](const std::string& key) {
                               return absl::StartsWith(WithoutModule(key), "backbone.");
                             });
  for (size_t i = 0; i + 1 < dict.items.size(); i += 2) {
    if (!dict.items[i]->Is(Kind::kText)) return Invalid("the state dict has a key that is no text");
    const std::string& key = dict.items[i]->text;
    absl::string_view name = WithoutModule(key);
    if ((only_backbone && !absl::ConsumePrefix(&name, "backbone.")) ||
        !IsTorchTensor(*dict.items[i + 1])) {
      checkpoint.skipped.push_back(key);
      continue;
    }
    absl::StatusOr<Tensor> tensor = reader.Read(*dict.items[i + 1]);
    if (!tensor.ok()) return Annotate(tensor.status(), absl::StrCat("tensor \"", key, "\""));
    if (!checkpoint.tensors.emplace(name, *std::move(tensor)).second) {
      return Invalid(absl::StrCat("two tensors are named \"", name, "\" without their prefixes"));
    }
  }
  if (checkpoint.tensors.empty()) return Invalid("has no tensors where a state dict is looked for");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TorchCheckpoint> ReadTorchCheckpointFromMemory(absl::Span<const std::byte> bytes,
                                                              absl::string_view entry,
                                                              CheckpointPart part) {
  LM_ASSIGN_OR_RETURN(const ZipArchive archive, ZipArchive::Open(bytes));
  LM_ASSIGN_OR_RETURN(const std::string root, FindRoot(archive));
  LM_RETURN_IF_ERROR(CheckByteOrder(archive, root));
  LM_ASSIGN_OR_RETURN(const Pickle pickle, ReadRootPickle(archive, root));
  TorchCheckpoint checkpoint;
  LM_ASSIGN_OR_RETURN(const PickleValue* dict, FindStateDict(*pickle.root, entry, checkpoint));
  TorchTensorReader reader(archive, root, bytes.size() * kMaxRereads);
  LM_RETURN_IF_ERROR(ReadStateDict(*dict, part, reader, checkpoint));
  return checkpoint;
}

absl::StatusOr<TorchCheckpoint> ReadTorchCheckpoint(const std::string& path,
                                                    absl::string_view entry, CheckpointPart part) {
  LM_ASSIGN_OR_RETURN(const std::shared_ptr<MappedFile> file, MappedFile::Open(path));
  absl::StatusOr<TorchCheckpoint> checkpoint =
      ReadTorchCheckpointFromMemory(file->bytes(), entry, part);
  if (!checkpoint.ok()) return Annotate(checkpoint.status(), path);
  return checkpoint;
}

}  // namespace localmamba
