#include "model/data/tar_index.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "kernels/base/status_macros.h"

namespace localmamba {
namespace {

constexpr uint64_t kBlock = 512;
// Of a long name or a pax header: far above what the system allows for a path.
constexpr uint64_t kMaxExtension = uint64_t{1} << 20;

// One header block (IEEE 1003.1, "ustar Interchange Format").
class Header {
 public:
  absl::Span<uint8_t> bytes() { return absl::MakeSpan(bytes_); }

  [[nodiscard]] bool IsZero() const {
    return std::all_of(bytes_.begin(), bytes_.end(), [](uint8_t byte) { return byte == 0; });
  }

  [[nodiscard]] char type() const { return static_cast<char>(bytes_[156]); }

  [[nodiscard]] std::string Path() const {
    const absl::string_view name = Text(0, 100);
    // GNU's older format has "ustar  " and other things where the prefix would be.
    const absl::string_view prefix =
        Text(257, 6) == "ustar" && bytes_[262] == 0 ? Text(345, 155) : "";
    return prefix.empty() ? std::string(name) : absl::StrCat(prefix, "/", name);
  }

  [[nodiscard]] std::optional<uint64_t> Size() const { return Number(124, 12); }

  // The checksum is that of the block with spaces in its place.
  [[nodiscard]] bool IsValid() const {
    constexpr size_t kBegin = 148;
    constexpr size_t kEnd = 156;
    uint64_t sum = (kEnd - kBegin) * ' ';
    for (size_t i = 0; i < bytes_.size(); ++i) sum += i < kBegin || i >= kEnd ? bytes_[i] : 0U;
    return Number(kBegin, kEnd - kBegin) == sum;
  }

 private:
  // Up to the first zero byte.
  [[nodiscard]] absl::string_view Text(size_t begin, size_t size) const {
    const absl::string_view field(reinterpret_cast<const char*>(bytes_.data()) + begin, size);
    return field.substr(0, field.find('\0'));
  }

  // Octal digits among spaces; or, GNU's extension for large ones, with the top bit set, the
  // remaining bits as a big-endian number.
  [[nodiscard]] std::optional<uint64_t> Number(size_t begin, size_t size) const {
    uint64_t value = 0;
    if ((bytes_[begin] & 0x80U) != 0) {
      for (size_t i = begin; i < begin + size; ++i) {
        if (value >> 55 != 0) return std::nullopt;
        value = value << 8 | (i == begin ? bytes_[i] & 0x7FU : bytes_[i]);
      }
      return value;
    }
    const absl::string_view digits = absl::StripAsciiWhitespace(Text(begin, size));
    for (const char digit : digits) {
      if (digit < '0' || digit > '7') return std::nullopt;
      value = value << 3 | static_cast<uint64_t>(digit - '0');
    }
    return value;
  }

  std::array<uint8_t, kBlock> bytes_{};
};

// What a pax header says of the entry after it.
struct PaxRecords {
  std::optional<std::string> path;
  std::optional<uint64_t> size;
  bool sparse = false;
};

// Records "LENGTH KEY=VALUE\n", where the length is that of the whole record.
std::optional<PaxRecords> ParsePax(absl::string_view text) {
  PaxRecords records;
  while (!text.empty()) {
    const size_t space = text.find(' ');
    size_t length = 0;
    if (space == absl::string_view::npos || !absl::SimpleAtoi(text.substr(0, space), &length) ||
        length > text.size() || length < space + 3 || text[length - 1] != '\n') {
      return std::nullopt;
    }
    const std::pair<absl::string_view, absl::string_view> record =
        absl::StrSplit(text.substr(space + 1, length - space - 2), absl::MaxSplits('=', 1));
    if (record.first == "path") records.path = std::string(record.second);
    if (record.first == "size") {
      uint64_t size = 0;
      if (!absl::SimpleAtoi(record.second, &size)) return std::nullopt;
      records.size = size;
    }
    if (absl::StartsWith(record.first, "GNU.sparse.")) records.sparse = true;
    text.remove_prefix(length);
  }
  return records;
}

std::string Normalize(absl::string_view path) {
  const auto kept = [](absl::string_view component) {
    return !component.empty() && component != ".";
  };
  const std::vector<absl::string_view> components = absl::StrSplit(path, '/', kept);
  return absl::StrJoin(components, "/");
}

}  // namespace

absl::StatusOr<std::vector<TarEntry>> IndexTar(const ReadableFile& file) {
  std::vector<TarEntry> entries;
  PaxRecords next;  // of the entry after an extension
  uint64_t position = 0;
  while (true) {
    const auto error = [&](absl::string_view problem) {
      return absl::InvalidArgumentError(
          absl::StrCat(file.path(), ": ", problem, " at byte ", position));
    };
    if (file.size() < position + kBlock) return error("no tar file, or one that is cut short:");
    Header header;
    LM_RETURN_IF_ERROR(file.ReadAt(position, header.bytes()));
    if (header.IsZero()) return entries;
    if (!header.IsValid()) {
      return error("not the header of a tar file (which must not be compressed)");
    }
    const char type = header.type();
    const std::optional<uint64_t> own_size = header.Size();
    if (!own_size.has_value()) return error("the tar header has no valid size");
    const bool is_extension = type == 'L' || type == 'K' || type == 'x' || type == 'g';
    const uint64_t size = is_extension ? *own_size : next.size.value_or(*own_size);
    const uint64_t content = position + kBlock;
    if (size > file.size() - content) return error("the tar file is cut short: entry");
    if (is_extension) {
      LM_ASSIGN_OR_RETURN(const std::vector<uint8_t> bytes,
                          file.Read(content, size, kMaxExtension));
      const absl::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      if (type == 'L') next.path = std::string(text.substr(0, text.find('\0')));
      if (type == 'x') {
        std::optional<PaxRecords> records = ParsePax(text);
        if (!records.has_value()) return error("damaged pax header");
        if (!records->path.has_value()) records->path = next.path;
        next = *std::move(records);
      }
    } else {
      if (type == 'S' || next.sparse) return error("sparse files are not read: entry");
      TarEntry entry{Normalize(next.path.has_value() ? *next.path : header.Path()), type == '5',
                     content, size};
      const bool is_file = type == '0' || type == '\0' || type == '7';
      if ((is_file || entry.folder) && !entry.path.empty()) entries.push_back(std::move(entry));
      next = {};
    }
    position = content + (size + kBlock - 1) / kBlock * kBlock;
  }
}

}  // namespace localmamba
