// Files that the user names.
#ifndef LOCALMAMBA_CLIENT_CLI_READ_FILE_H_
#define LOCALMAMBA_CLIENT_CLI_READ_FILE_H_

#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <utility>

namespace localmamba::client {

inline constexpr char kUnreadable[] = "cannot be read or is empty";

// Nothing if it cannot be read, as a folder cannot, or is empty.
inline std::optional<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  // Fails, where iterators would throw, for a folder too.
  if (!(bytes << file.rdbuf())) return std::nullopt;
  return std::move(bytes).str();
}

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_CLI_READ_FILE_H_
