// From the command line of localmamba_server to its configuration.
#ifndef LOCALMAMBA_SERVER_CONFIG_COMMAND_LINE_H_
#define LOCALMAMBA_SERVER_CONFIG_COMMAND_LINE_H_

#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "server/config/server_config.h"

namespace localmamba::server {

// What to print before exiting with 0, because --help was given.
struct HelpText {
  std::string text;
};

// `arguments` without the program's name. Reads the file of --config, if given, and lets the other
// flags override it. Errors: INVALID_ARGUMENT naming the flag, or the file and field, that is
// unknown or out of range; NOT_FOUND if the file cannot be read.
absl::StatusOr<std::variant<ServerConfig, HelpText>> ParseCommandLine(
    const std::vector<std::string>& arguments);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_CONFIG_COMMAND_LINE_H_
