// What every subcommand of localmamba_tool is.
#ifndef LOCALMAMBA_TOOL_COMMAND_H_
#define LOCALMAMBA_TOOL_COMMAND_H_

#include <memory>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"

namespace localmamba::tool {

// Made by a function Make…Command(app), which declares flags on `app` that are bound to members of
// the command; Run is called if the subcommand was given, after its flags were parsed.
class Command {
 public:
  virtual ~Command() = default;

  // Prints its result to standard output. Errors: INVALID_ARGUMENT, NOT_FOUND and the like name the
  // flag or file at fault.
  virtual absl::Status Run() = 0;
};

std::unique_ptr<Command> MakeInitCommand(CLI::App& app);
std::unique_ptr<Command> MakeImportCommand(CLI::App& app);
std::unique_ptr<Command> MakeInspectCommand(CLI::App& app);
std::unique_ptr<Command> MakeForwardCommand(CLI::App& app);
std::unique_ptr<Command> MakeBenchCommand(CLI::App& app);
std::unique_ptr<Command> MakeBenchTrainingCommand(CLI::App& app);
std::unique_ptr<Command> MakeDirectionsCommand(CLI::App& app);
std::unique_ptr<Command> MakeEvaluateCommand(CLI::App& app);
std::unique_ptr<Command> MakeScanOrderCommand(CLI::App& app);
std::unique_ptr<Command> MakeSimulateBatchingCommand(CLI::App& app);

}  // namespace localmamba::tool

#endif  // LOCALMAMBA_TOOL_COMMAND_H_
