// What is known of one request once it is answered.
#ifndef LOCALMAMBA_SERVER_TRACING_REQUEST_RECORD_H_
#define LOCALMAMBA_SERVER_TRACING_REQUEST_RECORD_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace localmamba::server {

// Nothing of the picture. Texts that callers chose are bounded where they are read.
struct RequestRecord {
  std::string method;      // as in "Classify"
  std::string request_id;  // the caller's, or one made for it
  std::string trace_id;    // of W3C Trace Context; may be empty
  std::string parent_id;   // likewise
  std::string model;       // that answered; "" after a failure
  int64_t version = 0;
  absl::Time arrival;
  absl::Duration total;
  absl::Status status;

  // Of requests that succeeded.
  absl::Duration preprocess;
  absl::Duration queue;
  absl::Duration compute;
  absl::Duration postprocess;
  size_t batch_size = 0;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_TRACING_REQUEST_RECORD_H_
