// Sends localmamba.v1.TrainerEvent messages to whoever started the trainer.
#ifndef LOCALMAMBA_TRAINER_EVENT_STREAM_H_
#define LOCALMAMBA_TRAINER_EVENT_STREAM_H_

#include "localmamba/v1/trainer_event.pb.h"

namespace localmamba::trainer {

// A varint length before each message. Used by one thread at a time.
class EventStream {
 public:
  // fd: an open file descriptor, which stays open, or -1: events go nowhere.
  explicit EventStream(int fd) : fd_(fd) {}

  // Fills in the time. If the reader is gone the run goes on without it: a warning is printed and
  // later events are dropped.
  void Send(v1::TrainerEvent event);

 private:
  int fd_;
};

}  // namespace localmamba::trainer

#endif  // LOCALMAMBA_TRAINER_EVENT_STREAM_H_
