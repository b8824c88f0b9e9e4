// `localmamba models ...`: the versions of a server's repository, through its admin port. As the
// commands of commands.h.
#ifndef LOCALMAMBA_CLIENT_CLI_MODEL_COMMANDS_H_
#define LOCALMAMBA_CLIENT_CLI_MODEL_COMMANDS_H_

#include <cstdint>
#include <ostream>
#include <string>

#include "client/cli/commands.h"
#include "client/cli/exit_code.h"
#include "client/cpp/admin_client.h"

namespace localmamba::client {

struct VersionOptions {
  std::string model;
  int64_t version = 0;
};

// Loaded or not.
ExitCode RunModelsList(const AdminClient& client, const CommonOptions& common, std::ostream& out,
                       std::ostream& err);
ExitCode RunModelsLoad(const AdminClient& client, const VersionOptions& options,
                       const CommonOptions& common, std::ostream& out, std::ostream& err);
ExitCode RunModelsUnload(const AdminClient& client, const VersionOptions& options,
                         const CommonOptions& common, std::ostream& out, std::ostream& err);
// Version 0 removes the label.
ExitCode RunModelsLabel(const AdminClient& client, const VersionOptions& options,
                        const std::string& label, const CommonOptions& common, std::ostream& out,
                        std::ostream& err);
ExitCode RunModelsDelete(const AdminClient& client, const VersionOptions& options,
                         const CommonOptions& common, std::ostream& out, std::ostream& err);

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_CLI_MODEL_COMMANDS_H_
