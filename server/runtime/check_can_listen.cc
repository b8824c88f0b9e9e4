#include "server/runtime/check_can_listen.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace localmamba::server {
namespace {

struct FreeAddresses {
  void operator()(addrinfo* addresses) const { freeaddrinfo(addresses); }
};

// The error number of listening there; 0 if it works.
int TryListen(const addrinfo& address) {
  const int file = socket(address.ai_family, address.ai_socktype | SOCK_CLOEXEC, 0);
  if (file < 0) return errno;
  const int on = 1;
  // As the servers do: connections of an earlier server that linger are no obstacle.
  int error = setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 ? 0 : errno;
  if (error == 0 && bind(file, address.ai_addr, address.ai_addrlen) != 0) error = errno;
  if (error == 0 && listen(file, 1) != 0) error = errno;
  close(file);
  return error;
}

}  // namespace

absl::Status CheckCanListen(const std::string& address, int port, absl::string_view protocol) {
  if (port == 0) return absl::OkStatus();
  const auto failed = [&](absl::string_view reason) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot listen on ", address, ":", port, " for ", protocol, ": ", reason));
  };
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int unresolved = getaddrinfo(address.c_str(), absl::StrCat(port).c_str(), &hints, &found);
  if (unresolved != 0) return failed(gai_strerror(unresolved));
  const std::unique_ptr<addrinfo, FreeAddresses> addresses(found);
  int error = 0;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    error = TryListen(*one);
    if (error == 0) return absl::OkStatus();
  }
  return failed(std::generic_category().message(error));
}

}  // namespace localmamba::server
