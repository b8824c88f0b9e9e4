#include "server/jobs/event_decoder.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"

namespace localmamba::server {
namespace {

constexpr size_t kMaxVarintBytes = 5;  // of 32 bits

}  // namespace

absl::Status EventDecoder::Feed(absl::string_view bytes,
                                absl::FunctionRef<void(const v1::TrainerEvent&)> on_event) {
  absl::StrAppend(&buffer_, bytes);
  size_t begin = 0;
  while (begin < buffer_.size()) {
    const size_t available = buffer_.size() - begin;
    google::protobuf::io::CodedInputStream input(
        reinterpret_cast<const uint8_t*>(buffer_.data()) + begin, static_cast<int>(available));
    uint32_t length = 0;
    if (!input.ReadVarint32(&length)) {
      if (available < kMaxVarintBytes) break;
      return absl::InvalidArgumentError("an event's length is no varint");
    }
    if (length > kMaxEventBytes) {
      return absl::InvalidArgumentError(
          absl::StrCat("an event has ", length, " bytes, wanted at most ", kMaxEventBytes));
    }
    const auto header = static_cast<size_t>(input.CurrentPosition());
    if (available - header < length) break;
    v1::TrainerEvent event;
    if (!event.ParseFromArray(buffer_.data() + begin + header, static_cast<int>(length))) {
      return absl::InvalidArgumentError("an event is no localmamba.v1.TrainerEvent");
    }
    begin += header + length;
    on_event(event);
  }
  buffer_.erase(0, begin);
  return absl::OkStatus();
}

}  // namespace localmamba::server
