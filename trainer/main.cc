// localmamba_trainer: does one training or search run, alone or as a job of the server, or the runs
// of an experiment one after the other.
//
// Exit status: 0 all is finished; 2 flags, run file, data or checkpoints are not usable as
// asked; 3 training diverged; 4 stopped by SIGTERM or SIGINT after writing a checkpoint; 1 any
// other failure. Errors are one line on standard error and the event RunFailed.
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "kernels/base/status_macros.h"
#include "model/data/utf8.h"
#include "server/runtime/idle_threads.h"
#include "server/runtime/signal_listener.h"
#include "server/training_run/training_run_proto.h"
#include "trainer/event_stream.h"
#include "trainer/experiment.h"
#include "trainer/progress_display.h"
#include "trainer/run.h"
#include "trainer/run_experiment.h"

namespace localmamba::trainer {
namespace {

constexpr int kExitOther = 1;
constexpr int kExitUnusable = 2;
constexpr int kExitDiverged = 3;
constexpr int kExitStopped = 4;

int ExitStatus(const absl::StatusOr<RunEnd>& end) {
  if (end.ok()) return *end == RunEnd::kFinished ? 0 : kExitStopped;
  switch (end.status().code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kUnimplemented:
      return kExitUnusable;
    case absl::StatusCode::kAborted:
      return kExitDiverged;
    default:
      return kExitOther;
  }
}

struct Flags {
  std::string run;         // or
  std::string experiment;  // the other is ""
  std::string recipe;
  std::string data;
  std::string output;
  std::string device = "auto";
  int events_fd = -1;
  int threads = 0;
};

void AddFlags(CLI::App& app, Flags& flags) {
  CLI::Option_group* what = app.add_option_group("what");
  what->add_option("--run", flags.run, "File with a TrainingRun as JSON");
  CLI::Option* experiment =
      what->add_option("--experiment", flags.experiment,
                       "File with an Experiment as JSON: several runs, and a report that compares "
                       "them");
  what->require_option(1);
  app.add_option("--recipe", flags.recipe,
                 "File with a Recipe as JSON, in place of the one of the run");
  app.add_option("--data", flags.data, "Folder or tar file, in place of data.path of the run");
  app.add_option("--output", flags.output,
                 "Folder for checkpoints, TensorBoard events and the result; a run that is in it "
                 "already is gone on with")
      ->required();
  app.add_option("--device", flags.device, "cpu, cuda, cuda:N or auto")->capture_default_str();
  app.add_option("--events-fd", flags.events_fd,
                 "File descriptor that events are written to, as length-delimited messages")
      ->excludes(experiment)
      ->check(CLI::NonNegativeNumber);
  app.add_option("--threads", flags.threads,
                 "Threads that compute on the CPU and prepare images; 0: all there are")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
}

// Puts what flags say in place of what the file says.
absl::Status Override(const Flags& flags, v1::TrainingRun& run) {
  if (!flags.recipe.empty()) {
    LM_ASSIGN_OR_RETURN(*run.mutable_recipe(), ReadRecipe(flags.recipe));
  }
  if (!flags.data.empty()) {
    if (!IsUtf8(flags.data)) {
      return absl::InvalidArgumentError("--data is not UTF-8, wanted a path that is");
    }
    run.mutable_data()->set_path(flags.data);
  }
  return absl::OkStatus();
}

absl::StatusOr<RunEnd> Run(const Flags& flags, EventStream& events, const std::atomic<bool>& stop) {
  if (flags.output.empty()) {
    return absl::InvalidArgumentError("--output is \"\", wanted a folder");
  }
  LM_ASSIGN_OR_RETURN(const Device device, Device::Parse(flags.device));
  const RunOptions options{.output = flags.output, .device = device, .threads = flags.threads};
  ProgressDisplay display(stderr, isatty(STDERR_FILENO) != 0);
  if (!flags.experiment.empty()) {
    LM_ASSIGN_OR_RETURN(v1::Experiment experiment, ReadExperiment(flags.experiment));
    LM_RETURN_IF_ERROR(Override(flags, *experiment.mutable_base()));
    LM_ASSIGN_OR_RETURN(const ExperimentPlan plan, PlanExperiment(experiment));
    return RunExperiment(plan, options, stdout, display, stop);
  }
  LM_ASSIGN_OR_RETURN(v1::TrainingRun proto, ReadTrainingRun(flags.run));
  LM_RETURN_IF_ERROR(Override(flags, proto));
  LM_ASSIGN_OR_RETURN(TrainingRun run, TrainingRunFromProto(proto));
  return Execute(std::move(run), options, events, display, stop);
}

int Main(int argc, char** argv) {
  CLI::App app("Trains LocalMamba networks, searches their scan directions, and compares them.",
               "localmamba_trainer");
  Flags flags;
  AddFlags(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {  // --help
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "localmamba_trainer: %s\n", error.what());
    return kExitUnusable;
  }

  // A file that is opened later would get the descriptor, and the events.
  if (flags.events_fd >= 0 && fcntl(flags.events_fd, F_GETFD) < 0) {
    std::fprintf(stderr, "localmamba_trainer: --events-fd %d: wanted an open file descriptor\n",
                 flags.events_fd);
    return kExitUnusable;
  }

  std::signal(SIGPIPE, SIG_IGN);  // the reader of events may go
  std::atomic<bool> stop = false;
  const auto listener =
      server::SignalListener::Start([&](int /*signal*/, int /*count*/) { stop = true; });
  if (!listener.ok()) {
    std::fprintf(stderr, "localmamba_trainer: %s\n",
                 std::string(listener.status().message()).c_str());
    return kExitOther;
  }

  EventStream events(flags.events_fd);
  const absl::StatusOr<RunEnd> end = Run(flags, events, stop);
  if (!end.ok()) {
    const std::string message(end.status().message());
    std::fprintf(stderr, "localmamba_trainer: %s\n", message.c_str());
    v1::TrainerEvent event;
    event.mutable_failed()->set_code(static_cast<int>(end.status().code()));
    // Names of files, which errors have in them, need not be UTF-8; messages must.
    event.mutable_failed()->set_message(ToUtf8(message));
    events.Send(std::move(event));
  }
  return ExitStatus(end);
}

}  // namespace
}  // namespace localmamba::trainer

int main(int argc, char** argv) {
  localmamba::server::LetIdleThreadsSleep(argv);
  return localmamba::trainer::Main(argc, argv);
}
