// What a job's record becomes when its trainer reports something.
#ifndef LOCALMAMBA_SERVER_JOBS_JOB_PROGRESS_H_
#define LOCALMAMBA_SERVER_JOBS_JOB_PROGRESS_H_

#include <cstdint>

#include "localmamba/admin/v1/jobs.pb.h"
#include "localmamba/v1/trainer_event.pb.h"

namespace localmamba::server {

// What of an event has to be stored: progress comes about once a second and is not.
enum class Durable : uint8_t { kNothing, kJob, kEpoch };

// Puts `event` into `job`. An epoch replaces the one of the same phase and number, which an attempt
// before has reported.
Durable ApplyEvent(const v1::TrainerEvent& event, admin::v1::Job& job);

// Share of the steps of the job's phase that are done, 0 to 1.
double ProgressRatio(const v1::TrainingProgress& progress);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_JOBS_JOB_PROGRESS_H_
