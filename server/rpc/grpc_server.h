// A listening gRPC server with the standard health and reflection services.
#ifndef LOCALMAMBA_SERVER_RPC_GRPC_SERVER_H_
#define LOCALMAMBA_SERVER_RPC_GRPC_SERVER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace grpc {
class Server;
class Service;
}  // namespace grpc

namespace localmamba::server {

// Safe to call from several threads.
class GrpcServer {
 public:
  // What is asked of each connection.
  struct Connections {
    int max_concurrent_calls = 1000;  // further ones wait on the caller's side
    int max_metadata_bytes = 8192;    // of one call
    absl::Duration handshake_timeout = absl::Seconds(20);
    // When nothing has come for keepalive_time, a ping is sent; without an answer in
    // keepalive_timeout the connection is closed.
    absl::Duration keepalive_time = absl::Seconds(60);
    absl::Duration keepalive_timeout = absl::Seconds(20);
    absl::Duration min_ping_interval = absl::Seconds(10);  // a caller that pings more often is cut
    absl::Duration max_idle = absl::Minutes(30);           // without a call; 0: no bound
    absl::Duration max_age = absl::ZeroDuration();         // then no new calls; 0: no bound
  };

  struct Options {
    std::string address = "127.0.0.1";  // a numeric IPv4 or IPv6 address, or a host name
    int port = 0;                       // 0: the system picks one
    int max_request_bytes = 64 << 20;   // of one message
    Connections connections;
  };

  // Listens when it returns; every service is NOT_SERVING until told otherwise.
  // Errors: FAILED_PRECONDITION if the address and port cannot be had.
  static absl::StatusOr<std::unique_ptr<GrpcServer>> Start(
      const Options& options, std::vector<std::unique_ptr<grpc::Service>> services);

  GrpcServer(const GrpcServer&) = delete;
  GrpcServer& operator=(const GrpcServer&) = delete;
  ~GrpcServer();  // Shutdown at once, if that was not done

  [[nodiscard]] int port() const { return port_; }

  // What grpc.health.v1.Health reports of `service`: "" for the whole server, the full name of a
  // service, or the name of a model. An unknown one is NOT_FOUND there.
  void SetServing(const std::string& service, bool serving);

  // From now on everything known is NOT_SERVING, whatever SetServing says.
  void SetNothingServing();

  // Refuses new calls, waits for those in flight, and after `timeout` cancels the rest and waits
  // until they have ended.
  void Shutdown(absl::Duration timeout);

 private:
  GrpcServer();

  std::vector<std::unique_ptr<grpc::Service>> services_;  // outlive server_
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_GRPC_SERVER_H_
