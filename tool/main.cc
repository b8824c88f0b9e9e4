// localmamba_tool: works on model folders without a server.
//
// Exit status: 0 done; 2 a flag, file or model is not usable as asked; 1 any other failure. Errors
// are one line on standard error.
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "tool/command.h"

namespace localmamba::tool {
namespace {

int ExitStatus(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return 0;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kUnimplemented:
      return 2;
    default:
      return 1;
  }
}

// The exit status once everything printed has been written out.
int FinishOutput() {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return 0;
  std::fprintf(stderr, "localmamba_tool: cannot write to standard output\n");
  return 1;
}

int Main(int argc, char** argv) {
  CLI::App app("Makes, imports, inspects, runs and measures LocalMamba models without a server.",
               "localmamba_tool");

  std::vector<std::pair<CLI::App*, std::unique_ptr<Command>>> commands;
  const auto add = [&](const char* name, const char* about, auto make) {
    CLI::App* subcommand = app.add_subcommand(name, about);
    commands.emplace_back(subcommand, make(*subcommand));
  };
  add("init", "Write a model folder with seeded, untrained weights", MakeInitCommand);
  add("import", "Make a model version of an official PyTorch checkpoint", MakeImportCommand);
  add("inspect", "Show parameters, MACs and scan directions of a model", MakeInspectCommand);
  add("forward", "Run a model on a tensor", MakeForwardCommand);
  add("bench", "Measure latency and throughput of a model", MakeBenchCommand);
  add("bench-training", "Measure speed and memory of training", MakeBenchTrainingCommand);
  add("directions", "Print a spec with other scan directions", MakeDirectionsCommand);
  add("evaluate", "Measure the accuracy of a model on a data set", MakeEvaluateCommand);
  add("scan-order", "Print the order of a scan direction as JSON", MakeScanOrderCommand);
  add("simulate-batching", "Try the server's batching on a load, in virtual time",
      MakeSimulateBatchingCommand);

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {  // --help
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "localmamba_tool: %s\n", error.what());
    return 2;
  }
  for (const auto& [subcommand, command] : commands) {
    if (!subcommand->parsed()) continue;
    const absl::Status status = command->Run();
    if (!status.ok()) {
      std::fprintf(stderr, "localmamba_tool %s: %s\n", subcommand->get_name().c_str(),
                   std::string(status.message()).c_str());
      return ExitStatus(status);
    }
    return FinishOutput();
  }
  std::fprintf(stderr, "localmamba_tool: no subcommand is given; --help lists them\n");
  return 2;
}

}  // namespace
}  // namespace localmamba::tool

int main(int argc, char** argv) { return localmamba::tool::Main(argc, argv); }
