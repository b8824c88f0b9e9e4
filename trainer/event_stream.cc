#include "trainer/event_stream.h"

#include <google/protobuf/util/delimited_message_util.h>
#include <google/protobuf/util/time_util.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <sstream>
#include <string>

namespace localmamba::trainer {
namespace {

bool WriteAll(int fd, const std::string& bytes) {
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t count = write(fd, bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    done += static_cast<size_t>(count);
  }
  return true;
}

}  // namespace

void EventStream::Send(v1::TrainerEvent event) {
  if (fd_ < 0) return;
  *event.mutable_time() = google::protobuf::util::TimeUtil::GetCurrentTime();
  std::ostringstream bytes;
  google::protobuf::util::SerializeDelimitedToOstream(event, &bytes);
  if (WriteAll(fd_, bytes.str())) return;
  std::fprintf(stderr, "localmamba_trainer: events are not read any more (%s); going on without\n",
               std::strerror(errno));
  fd_ = -1;
}

}  // namespace localmamba::trainer
