// The subcommands that talk to the admin port, on the command line.
#ifndef LOCALMAMBA_CLIENT_CLI_ADMIN_APP_H_
#define LOCALMAMBA_CLIENT_CLI_ADMIN_APP_H_

#include <functional>
#include <string>

#include "client/cli/commands.h"
#include "client/cli/exit_code.h"
#include "client/cli/job_commands.h"
#include "client/cli/model_commands.h"
#include "client/cpp/admin_client.h"

namespace CLI {
class App;
}

namespace localmamba::client {

// Adds `jobs` to `app`, and the subcommands of `models`, which it has already. After the parse,
// `command` is what was chosen, if it was one of these. `app` refers to this.
class AdminApp {
 public:
  using Command = std::function<ExitCode(const AdminClient&, const CommonOptions&)>;

  AdminApp(CLI::App& app, CLI::App& models);
  AdminApp(const AdminApp&) = delete;
  AdminApp& operator=(const AdminApp&) = delete;

  [[nodiscard]] const std::string& server() const { return server_; }
  [[nodiscard]] const Command& command() const { return command_; }

 private:
  void AddJobs(CLI::App& jobs);
  void AddModels(CLI::App& models);

  std::string server_ = "127.0.0.1:8502";
  SubmitOptions submit_;
  WatchOptions watch_;
  VersionOptions version_;
  std::string id_;
  std::string state_;
  std::string label_;
  bool follow_ = false;
  Command command_;
};

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_CLI_ADMIN_APP_H_
