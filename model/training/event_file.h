// Writes files that TensorBoard reads: records framed as TFRecord (length, masked CRC-32C of it,
// data, masked CRC-32C of it), each an Event message
// (https://github.com/tensorflow/tensorboard/blob/master/tensorboard/compat/proto/event.proto), of
// which this is all that training needs.
#ifndef LOCALMAMBA_MODEL_TRAINING_EVENT_FILE_H_
#define LOCALMAMBA_MODEL_TRAINING_EVENT_FILE_H_

#include <cstdint>
#include <fstream>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace localmamba {

// Every event is in the file when the call returns. Used by one thread at a time.
class EventFile {
 public:
  // Makes `folder` if need be, and in it a new file, named so that TensorBoard finds it and reads
  // it after those that are there already. Errors (here and below): those of the operating system,
  // naming the path.
  static absl::StatusOr<std::unique_ptr<EventFile>> Create(const std::string& folder,
                                                           absl::Time time);

  EventFile(const EventFile&) = delete;
  EventFile& operator=(const EventFile&) = delete;

  absl::Status AddScalar(absl::string_view tag, int64_t step, double value, absl::Time time);

  // A histogram with one bar at each of 0, 1, ..., n - 1, of these heights. n >= 1.
  absl::Status AddBars(absl::string_view tag, int64_t step, absl::Span<const double> heights,
                       absl::Time time);

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  EventFile(std::string path, std::ofstream file)
      : path_(std::move(path)), file_(std::move(file)) {}

  // `event`: a serialised Event.
  absl::Status WriteRecord(absl::string_view event);

  std::string path_;
  std::ofstream file_;
};

// CRC-32C (Castagnoli) of the bytes, masked as TFRecord has it.
uint32_t MaskedCrc32c(absl::string_view bytes);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_TRAINING_EVENT_FILE_H_
