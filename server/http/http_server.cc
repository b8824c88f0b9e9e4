#include "server/http/http_server.h"

#include <httplib.h>

#include <chrono>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "server/runtime/check_can_listen.h"
#include "server/runtime/thread_pool.h"

namespace localmamba::server {
namespace {

// Later versions of httplib want to know whether the task was taken; earlier ones want nothing.
using Taken = decltype(std::declval<httplib::TaskQueue&>().enqueue(nullptr));

// Blocks the accepting thread while the pool is full: httplib has no way to refuse a connection.
class BoundedTaskQueue final : public httplib::TaskQueue {
 public:
  BoundedTaskQueue(int threads, size_t max_queue)
      : pool_(std::make_unique<ThreadPool>(threads, max_queue)) {}

  Taken enqueue(std::function<void()> task) override {
    pool_->Submit(std::move(task));
    return Taken(true);
  }
  void shutdown() override { pool_.reset(); }

 private:
  std::unique_ptr<ThreadPool> pool_;
};

// httplib's own default adds SO_REUSEPORT: a second server on the same port shall fail, not share.
void SetSocketOptions(socket_t socket) {
  const int on = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
}

}  // namespace

HttpServer::HttpServer() : server_(std::make_unique<httplib::Server>()) {}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const Options& options,
                                                              HttpPages pages) {
  LM_RETURN_IF_ERROR(CheckCanListen(options.address, options.port, "HTTP"));
  std::unique_ptr<HttpServer> result(new HttpServer);
  httplib::Server& server = *result->server_;
  server.new_task_queue = [threads = options.threads, max_queue = options.max_queue] {
    return new BoundedTaskQueue(threads, max_queue);
  };
  server.set_socket_options(SetSocketOptions);
  server.set_keep_alive_max_count(1);
  server.set_read_timeout(std::chrono::seconds(2));
  server.set_write_timeout(std::chrono::seconds(2));
  server.set_payload_max_length(4096);
  // Before the body of a request is read.
  server.set_pre_routing_handler([](const httplib::Request& request, httplib::Response& out) {
    if (request.method == "GET" || request.method == "HEAD") {
      return httplib::Server::HandlerResponse::Unhandled;
    }
    out.status = 405;
    out.set_header("Allow", "GET, HEAD");
    return httplib::Server::HandlerResponse::Handled;
  });
  for (auto& [path, page] : pages) {
    server.Get(path, [page = std::move(page)](const httplib::Request&, httplib::Response& out) {
      const HttpReply reply = page();
      out.status = reply.status;
      out.set_content(reply.body, reply.content_type);
    });
  }

  if (options.port == 0) {
    result->port_ = server.bind_to_any_port(options.address);
  } else if (server.bind_to_port(options.address, options.port)) {
    result->port_ = options.port;
  }
  if (result->port_ <= 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot listen on ", options.address, ":", options.port, " for HTTP"));
  }
  result->thread_ = std::thread([&server] { server.listen_after_bind(); });
  // stop() has no effect before this.
  while (!server.is_running()) std::this_thread::yield();
  return result;
}

HttpServer::~HttpServer() {
  if (!thread_.joinable()) return;
  server_->stop();
  thread_.join();
}

}  // namespace localmamba::server
