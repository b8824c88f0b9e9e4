#include "server/jobs/job_progress.h"

#include <algorithm>

namespace localmamba::server {
namespace {

void PutEpoch(const v1::EpochFinished& epoch, admin::v1::Job& job) {
  for (v1::EpochFinished& known : *job.mutable_epochs()) {
    if (known.phase() == epoch.phase() && known.epoch() == epoch.epoch()) {
      known = epoch;
      return;
    }
  }
  *job.add_epochs() = epoch;
}

}  // namespace

Durable ApplyEvent(const v1::TrainerEvent& event, admin::v1::Job& job) {
  switch (event.event_case()) {
    case v1::TrainerEvent::kPhaseStarted:
      *job.mutable_phase() = event.phase_started();
      job.clear_progress();
      return Durable::kJob;
    case v1::TrainerEvent::kProgress:
      *job.mutable_progress() = event.progress();
      return Durable::kNothing;
    case v1::TrainerEvent::kEpochFinished:
      PutEpoch(event.epoch_finished(), job);
      return Durable::kEpoch;
    case v1::TrainerEvent::kCheckpointWritten:
      job.set_checkpoint(event.checkpoint_written().path());
      job.clear_interruptions();
      return Durable::kJob;
    case v1::TrainerEvent::kDirectionsFound:
      *job.mutable_directions() = event.directions_found();
      return Durable::kJob;
    case v1::TrainerEvent::kStopped:
      if (!event.stopped().checkpoint().empty()) job.set_checkpoint(event.stopped().checkpoint());
      return Durable::kNothing;  // the attempt ends, and that is stored
    case v1::TrainerEvent::kFinished:
    case v1::TrainerEvent::kFailed:
    case v1::TrainerEvent::EVENT_NOT_SET:  // of a later version of the trainer
      return Durable::kNothing;
  }
  return Durable::kNothing;
}

double ProgressRatio(const v1::TrainingProgress& progress) {
  if (progress.total_steps() <= 0) return 0;
  return std::clamp(
      static_cast<double>(progress.step()) / static_cast<double>(progress.total_steps()), 0.0, 1.0);
}

}  // namespace localmamba::server
