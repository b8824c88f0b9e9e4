// localmamba: talks to a LocalMamba server from the command line.
#include <iostream>
#include <optional>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/time/time.h"
#include "client/cli/admin_app.h"
#include "client/cli/bench_app.h"
#include "client/cli/commands.h"
#include "client/cli/exit_code.h"
#include "client/cli/image_app.h"
#include "client/cli/validators.h"
#include "client/cpp/admin_client.h"
#include "client/cpp/vision_client.h"

namespace localmamba::client {
namespace {

constexpr char kExitCodes[] =
    "Exit status: 0 success; 1 the job that was watched failed or was cancelled, or the answer "
    "could not be written out; 2 bad usage or input (an unreadable file, a picture or model that "
    "the server does not accept); 3 server trouble (unreachable, not serving, busy, failing, or no "
    "answer in time).";

int Main(int argc, char** argv) {
  CLI::App app("Asks a LocalMamba server.", "localmamba");
  app.footer(kExitCodes);
  app.require_subcommand(1);
  app.fallthrough();

  std::string server = "127.0.0.1:8500";
  std::string timeout = "30s";
  CommonOptions common;
  app.add_option("--server", server, "Address of the server")->capture_default_str();
  app.add_option("--timeout", timeout, "Time for each answer, such as 500ms")
      ->capture_default_str()
      ->check(DurationText());
  app.add_flag("--json", common.json, "Print one JSON object a line instead of a table");

  ImageApp images(app);

  CLI::App* models = app.add_subcommand(
      "models", "Lists the models that are served; its subcommands change them (admin port)");

  AdminApp admin(app, *models);
  BenchApp bench(app);

  CLI::App* health = app.add_subcommand("health", "Tells whether the server is ready");
  std::string health_model;
  health->add_option("--model", health_model, "Name of a model; default: the whole server");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(ExitCode::kBadInput);
  }
  absl::ParseDuration(timeout, &common.timeout);  // checked above

  const VisionClient client(server);
  ExitCode code = ExitCode::kSuccess;
  if (const std::optional<ExitCode> asked = images.Run(client, common)) code = *asked;
  if (admin.command()) {
    code = admin.command()(AdminClient(admin.server()), common);
  } else if (models->parsed()) {
    code = RunModels(client, common, std::cout, std::cerr);
  }
  if (const std::optional<ExitCode> benched = bench.Run(server, common)) code = *benched;
  if (health->parsed()) code = RunHealth(client, health_model, common, std::cout, std::cerr);
  if (!std::cout.flush()) {
    std::cerr << "localmamba: cannot write to standard output\n";
    code = Worse(code, ExitCode::kFailed);
  }
  return static_cast<int>(code);
}

}  // namespace
}  // namespace localmamba::client

int main(int argc, char** argv) { return localmamba::client::Main(argc, argv); }
