// From the bytes of a trainer's event stream to its events.
#ifndef LOCALMAMBA_SERVER_JOBS_EVENT_DECODER_H_
#define LOCALMAMBA_SERVER_JOBS_EVENT_DECODER_H_

#include <cstddef>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "localmamba/v1/trainer_event.pb.h"

namespace localmamba::server {

// A stream is a row of messages, each after its length as a varint.
class EventDecoder {
 public:
  static constexpr size_t kMaxEventBytes = size_t{16} << 20;

  // Calls `on_event` for each event that `bytes`, after those of earlier calls, complete. Errors:
  // INVALID_ARGUMENT if they are no such stream, or an event is too long; then this is of no
  // further use.
  absl::Status Feed(absl::string_view bytes,
                    absl::FunctionRef<void(const v1::TrainerEvent&)> on_event);

 private:
  std::string buffer_;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_JOBS_EVENT_DECODER_H_
