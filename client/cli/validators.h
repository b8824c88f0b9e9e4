// Texts on the command line that stand for something.
#ifndef LOCALMAMBA_CLIENT_CLI_VALIDATORS_H_
#define LOCALMAMBA_CLIENT_CLI_VALIDATORS_H_

#include <string>

#include "CLI/CLI.hpp"
#include "client/cli/image_request.h"

namespace localmamba::client {

// A duration as absl::ParseDuration reads it, above 0 or, if `or_zero`, from 0.
CLI::Validator DurationText(bool or_zero = false);

// HEIGHTxWIDTH. False if `text` is something else.
bool ParseRawSize(const std::string& text, RawSize& size);
CLI::Validator RawSizeText();

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_CLI_VALIDATORS_H_
