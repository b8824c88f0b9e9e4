// A small HTTP server for pages that tell about the process.
#ifndef LOCALMAMBA_SERVER_HTTP_HTTP_SERVER_H_
#define LOCALMAMBA_SERVER_HTTP_HTTP_SERVER_H_

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"

namespace httplib {
class Server;
}

namespace localmamba::server {

struct HttpReply {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

// Path ("/metrics") to what answers a GET of it, from several threads at once.
using HttpPages = std::map<std::string, std::function<HttpReply()>>;

// Answers GET and HEAD of its pages, 404 to other paths, 405 to other methods. Each connection
// carries one request, so that idle clients hold no thread; when all threads are busy and
// `max_queue` connections wait, further ones wait in the system's backlog.
class HttpServer {
 public:
  struct Options {
    std::string address = "127.0.0.1";
    int port = 0;     // 0: the system picks one
    int threads = 8;  // slow clients hold one each, for two seconds without a byte
    size_t max_queue = 16;
  };

  // Listens when it returns. Errors: FAILED_PRECONDITION if the address and port cannot be had.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const Options& options, HttpPages pages);

  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer();  // finishes what was accepted

  [[nodiscard]] int port() const { return port_; }

 private:
  HttpServer();

  std::unique_ptr<httplib::Server> server_;
  int port_ = 0;
  std::thread thread_;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_HTTP_HTTP_SERVER_H_
