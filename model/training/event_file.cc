#include "model/training/event_file.h"

#include <array>
#include <bit>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "kernels/base/check.h"
#include "kernels/base/status_macros.h"

namespace localmamba {
namespace {

namespace fs = std::filesystem;

// Field numbers of tensorboard's event.proto, summary.proto and histogram.proto.
constexpr uint32_t kEventWallTime = 1;
constexpr uint32_t kEventStep = 2;
constexpr uint32_t kEventFileVersion = 3;
constexpr uint32_t kEventSummary = 5;
constexpr uint32_t kSummaryValue = 1;
constexpr uint32_t kValueTag = 1;
constexpr uint32_t kValueSimple = 2;
constexpr uint32_t kValueHistogram = 5;
constexpr uint32_t kHistogramMin = 1;
constexpr uint32_t kHistogramMax = 2;
constexpr uint32_t kHistogramCount = 3;
constexpr uint32_t kHistogramSum = 4;
constexpr uint32_t kHistogramSumSquares = 5;
constexpr uint32_t kHistogramLimits = 6;
constexpr uint32_t kHistogramBuckets = 7;

void AppendLittleEndian(uint64_t value, int bytes, std::string& text) {
  for (int i = 0; i < bytes; ++i) text.push_back(static_cast<char>(value >> (8 * i)));
}

// Serialises a protobuf message field by field.
class MessageWriter {
 public:
  void Varint(uint32_t field, uint64_t value) {
    Tag(field, 0);
    AppendVarint(value);
  }
  void Double(uint32_t field, double value) {
    Tag(field, 1);
    AppendLittleEndian(std::bit_cast<uint64_t>(value), 8, text_);
  }
  void Float(uint32_t field, float value) {
    Tag(field, 5);
    AppendLittleEndian(std::bit_cast<uint32_t>(value), 4, text_);
  }
  // A string, a message or packed numbers.
  void Bytes(uint32_t field, absl::string_view bytes) {
    Tag(field, 2);
    AppendVarint(bytes.size());
    absl::StrAppend(&text_, bytes);
  }
  void PackedDoubles(uint32_t field, absl::Span<const double> values) {
    std::string packed;
    for (const double value : values) {
      AppendLittleEndian(std::bit_cast<uint64_t>(value), 8, packed);
    }
    Bytes(field, packed);
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  void Tag(uint32_t field, uint32_t wire_type) { AppendVarint(field << 3 | wire_type); }
  void AppendVarint(uint64_t value) {
    for (; value >= 128; value >>= 7) text_.push_back(static_cast<char>(value | 128));
    text_.push_back(static_cast<char>(value));
  }

  std::string text_;
};

double Seconds(absl::Time time) { return absl::ToDoubleSeconds(time - absl::UnixEpoch()); }

std::string SummaryEvent(int64_t step, absl::Time time, const MessageWriter& value) {
  MessageWriter summary;
  summary.Bytes(kSummaryValue, value.text());
  MessageWriter event;
  event.Double(kEventWallTime, Seconds(time));
  event.Varint(kEventStep, static_cast<uint64_t>(step));
  event.Bytes(kEventSummary, summary.text());
  return event.text();
}

constexpr std::array<uint32_t, 256> MakeCrcTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78U : 0U);
    table[i] = crc;
  }
  return table;
}

// The first name "events.out.tfevents.SECONDS.NUMBER" that is free: TensorBoard reads files in the
// order of their names.
std::string FreePath(const fs::path& folder, absl::Time time) {
  for (int number = 0;; ++number) {
    const fs::path path = folder / absl::StrFormat("events.out.tfevents.%010d.%04d",
                                                   absl::ToUnixSeconds(time), number);
    std::error_code error;
    if (!fs::exists(path, error)) return path.string();
  }
}

}  // namespace

uint32_t MaskedCrc32c(absl::string_view bytes) {
  static constexpr std::array<uint32_t, 256> kTable = MakeCrcTable();
  uint32_t crc = ~uint32_t{0};
  for (const char c : bytes) {
    crc = (crc >> 8) ^ kTable[(crc ^ static_cast<unsigned char>(c)) & 255];
  }
  return std::rotr(~crc, 15) + 0xA282EAD8U;
}

absl::StatusOr<std::unique_ptr<EventFile>> EventFile::Create(const std::string& folder,
                                                             absl::Time time) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat(folder, ": cannot create"));
  std::string path = FreePath(folder, time);
  std::ofstream stream(path, std::ios::binary);
  if (!stream) return absl::ErrnoToStatus(errno, absl::StrCat(path, ": cannot create"));
  std::unique_ptr<EventFile> file(new EventFile(std::move(path), std::move(stream)));
  MessageWriter event;
  event.Double(kEventWallTime, Seconds(time));
  event.Bytes(kEventFileVersion, "brain.Event:2");
  LM_RETURN_IF_ERROR(file->WriteRecord(event.text()));
  return file;
}

absl::Status EventFile::AddScalar(absl::string_view tag, int64_t step, double value,
                                  absl::Time time) {
  MessageWriter message;
  message.Bytes(kValueTag, tag);
  message.Float(kValueSimple, static_cast<float>(value));
  return WriteRecord(SummaryEvent(step, time, message));
}

absl::Status EventFile::AddBars(absl::string_view tag, int64_t step,
                                absl::Span<const double> heights, absl::Time time) {
  LM_CHECK(!heights.empty());
  // Bucket i reaches from limit i - 1 (min for the first one) to limit i.
  std::vector<double> limits;
  double count = 0;
  double sum = 0;
  double sum_squares = 0;
  for (size_t i = 0; i < heights.size(); ++i) {
    const auto at = static_cast<double>(i);
    limits.push_back(at + 0.5);
    count += heights[i];
    sum += heights[i] * at;
    sum_squares += heights[i] * at * at;
  }
  MessageWriter histogram;
  histogram.Double(kHistogramMin, -0.5);
  histogram.Double(kHistogramMax, limits.back());
  histogram.Double(kHistogramCount, count);
  histogram.Double(kHistogramSum, sum);
  histogram.Double(kHistogramSumSquares, sum_squares);
  histogram.PackedDoubles(kHistogramLimits, limits);
  histogram.PackedDoubles(kHistogramBuckets, heights);
  MessageWriter message;
  message.Bytes(kValueTag, tag);
  message.Bytes(kValueHistogram, histogram.text());
  return WriteRecord(SummaryEvent(step, time, message));
}

absl::Status EventFile::WriteRecord(absl::string_view event) {
  std::string record;
  AppendLittleEndian(event.size(), 8, record);
  AppendLittleEndian(MaskedCrc32c(record), 4, record);
  absl::StrAppend(&record, event);
  AppendLittleEndian(MaskedCrc32c(event), 4, record);
  file_.write(record.data(), static_cast<std::streamsize>(record.size()));
  file_.flush();
  if (file_) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat(path_, ": cannot write"));
}

}  // namespace localmamba
