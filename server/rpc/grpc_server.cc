#include "server/rpc/grpc_server.h"

#include <grpc/impl/codegen/grpc_types.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "server/runtime/check_can_listen.h"

namespace localmamba::server {
namespace {

void AddConnectionArguments(const GrpcServer::Connections& options, grpc::ServerBuilder& builder) {
  const auto add = [&builder](const char* name, absl::Duration duration) {
    builder.AddChannelArgument(name, static_cast<int>(absl::ToInt64Milliseconds(duration)));
  };
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, options.max_concurrent_calls);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, options.max_metadata_bytes);
  add(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, options.handshake_timeout);
  add(GRPC_ARG_KEEPALIVE_TIME_MS, options.keepalive_time);
  add(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, options.keepalive_timeout);
  add(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, options.min_ping_interval);
  // Idle connections are the ones whose other end may be gone: both sides may ping on them.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);  // as many as there are due
  if (options.max_idle > absl::ZeroDuration()) {
    add(GRPC_ARG_MAX_CONNECTION_IDLE_MS, options.max_idle);
  }
  if (options.max_age > absl::ZeroDuration()) add(GRPC_ARG_MAX_CONNECTION_AGE_MS, options.max_age);
}

}  // namespace

absl::StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::Start(
    const Options& options, std::vector<std::unique_ptr<grpc::Service>> services) {
  // Process-wide switches of gRPC; to set them twice does no harm.
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();

  const bool ipv6 = absl::StrContains(options.address, ':');
  const std::string host = ipv6 ? absl::StrCat("[", options.address, "]") : options.address;
  const std::string target = absl::StrCat(host, ":", options.port);

  LM_RETURN_IF_ERROR(CheckCanListen(options.address, options.port, "gRPC"));
  std::unique_ptr<GrpcServer> result(new GrpcServer);
  result->services_ = std::move(services);
  grpc::ServerBuilder builder;
  builder.AddListeningPort(target, grpc::InsecureServerCredentials(), &result->port_);
  builder.SetMaxReceiveMessageSize(options.max_request_bytes);
  AddConnectionArguments(options.connections, builder);
  // A second server on the same port shall fail, not share it.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  for (const std::unique_ptr<grpc::Service>& service : result->services_) {
    builder.RegisterService(service.get());
  }
  result->server_ = builder.BuildAndStart();
  if (result->server_ == nullptr) {
    return absl::FailedPreconditionError(absl::StrCat("cannot listen on ", target, " for gRPC"));
  }
  result->SetServing("", false);
  return result;
}

GrpcServer::GrpcServer() = default;

GrpcServer::~GrpcServer() {
  if (server_ != nullptr) Shutdown(absl::ZeroDuration());
}

void GrpcServer::SetServing(const std::string& service, bool serving) {
  server_->GetHealthCheckService()->SetServingStatus(service, serving);
}

void GrpcServer::SetNothingServing() { server_->GetHealthCheckService()->Shutdown(); }

void GrpcServer::Shutdown(absl::Duration timeout) {
  server_->Shutdown(absl::ToChronoTime(absl::Now() + timeout));
  server_->Wait();
}

}  // namespace localmamba::server
