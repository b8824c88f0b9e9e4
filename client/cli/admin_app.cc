#include "client/cli/admin_app.h"

#include <unistd.h>

#include <cstdint>
#include <iostream>
#include <limits>

#include "CLI/CLI.hpp"

namespace localmamba::client {

AdminApp::AdminApp(CLI::App& app, CLI::App& models) {
  app.add_option("--admin", server_, "Address of the server's admin port")->capture_default_str();
  watch_.terminal = isatty(STDOUT_FILENO) != 0;
  AddJobs(*app.add_subcommand("jobs", "Training and search jobs, through the admin port"));
  AddModels(models);
}

void AdminApp::AddJobs(CLI::App& jobs) {
  jobs.require_subcommand(1);
  const auto with_id = [this](CLI::App* command) {
    command->add_option("id", id_, "Such as job-1")->required()->type_name("ID");
    return command;
  };

  CLI::App* submit = jobs.add_subcommand("submit", "Queues a job");
  submit->add_option("run", submit_.run_file, "localmamba.v1.TrainingRun as JSON")
      ->required()
      ->type_name("RUN.JSON");
  submit->add_option("--model", submit_.model, "The model whose next version the result becomes")
      ->required();
  submit->add_option("--key", submit_.idempotency_key,
                     "A second submission with the same key finds the first one's job");
  CLI::Option* then_watch = submit->add_flag("--watch", submit_.watch, "Then watch it");
  submit->add_flag("--curve", watch_.curve, "With --watch: in the end, draw what was learned")
      ->needs(then_watch);
  submit->callback([this] {
    command_ = [this](const AdminClient& client, const CommonOptions& common) {
      return RunJobsSubmit(client, submit_, watch_, common, std::cout, std::cerr);
    };
  });

  CLI::App* list = jobs.add_subcommand("list", "Lists jobs, the newest first");
  list->add_option("--state", state_, "Only those in this state")
      ->check(CLI::IsMember({"queued", "running", "succeeded", "failed", "cancelled"}));
  list->callback([this] {
    command_ = [this](const AdminClient& client, const CommonOptions& common) {
      return RunJobsList(client, state_, common, std::cout, std::cerr);
    };
  });

  CLI::App* watch = with_id(jobs.add_subcommand("watch", "Shows a job until it has ended"));
  watch->add_flag("--curve", watch_.curve, "In the end, draw what was learned");
  watch->callback([this] {
    command_ = [this](const AdminClient& client, const CommonOptions& common) {
      return RunJobsWatch(client, id_, watch_, common, std::cout, std::cerr);
    };
  });

  CLI::App* logs = with_id(jobs.add_subcommand("logs", "Prints what the trainer wrote"));
  logs->add_flag("--follow,-f", follow_, "On until the job has ended");
  logs->callback([this] {
    command_ = [this](const AdminClient& client, const CommonOptions& common) {
      return RunJobsLogs(client, id_, follow_, common, std::cout, std::cerr);
    };
  });

  using JobCommand = decltype(&RunJobsCancel);
  const auto add = [&](const char* name, const char* help, JobCommand run) {
    with_id(jobs.add_subcommand(name, help))->callback([this, run] {
      command_ = [this, run](const AdminClient& client, const CommonOptions& common) {
        return run(client, id_, common, std::cout, std::cerr);
      };
    });
  };
  add("cancel", "Ends a job; one that runs writes a checkpoint first", &RunJobsCancel);
  add("resume", "Queues a job again that has failed or was cancelled", &RunJobsResume);
  add("delete", "Forgets a job that has ended, and removes its files", &RunJobsDelete);
}

void AdminApp::AddModels(CLI::App& models) {
  models.require_subcommand(0, 1);
  models.add_subcommand("list", "Lists the repository, loaded or not")->callback([this] {
    command_ = [](const AdminClient& client, const CommonOptions& common) {
      return RunModelsList(client, common, std::cout, std::cerr);
    };
  });

  const auto with_version = [this](CLI::App* command, int64_t least) {
    command->add_option("model", version_.model)->required()->type_name("MODEL");
    command->add_option("version", version_.version)
        ->required()
        ->check(CLI::Range(least, std::numeric_limits<int64_t>::max()))
        ->type_name("VERSION");
    return command;
  };
  using VersionCommand = decltype(&RunModelsLoad);
  const auto add = [&](const char* name, const char* help, VersionCommand run) {
    with_version(models.add_subcommand(name, help), 1)->callback([this, run] {
      command_ = [this, run](const AdminClient& client, const CommonOptions& common) {
        return run(client, version_, common, std::cout, std::cerr);
      };
    });
  };
  add("load", "Loads a version and lets it serve", &RunModelsLoad);
  add("unload", "Finishes a version's requests and frees it", &RunModelsUnload);
  add("delete", "Removes a version's files", &RunModelsDelete);

  CLI::App* label = models.add_subcommand("label", "Points a label at a version");
  with_version(label, 0)->add_option("label", label_)->required()->type_name("LABEL");
  label->footer("Version 0 removes the label.");
  label->callback([this] {
    command_ = [this](const AdminClient& client, const CommonOptions& common) {
      return RunModelsLabel(client, version_, label_, common, std::cout, std::cerr);
    };
  });
}

}  // namespace localmamba::client
