#include "server/http/debug_pages.h"

#include <vector>

#include "nlohmann/json.hpp"
#include "server/tracing/request_log.h"

namespace localmamba::server {
namespace {

using Json = nlohmann::ordered_json;

Json ListOf(const std::vector<RequestRecord>& records) {
  Json list = Json::array();
  for (const RequestRecord& record : records) list.push_back(ToJson(record));
  return list;
}

}  // namespace

HttpPages DebugPages(const RecentRequests& recent) {
  HttpPages pages;
  pages["/debug/requests"] = [&recent]() -> HttpReply {
    const Json body = {{"slowest", ListOf(recent.Slowest())}, {"failed", ListOf(recent.Failed())}};
    return {.content_type = "application/json",
            .body = body.dump(1, ' ', false, Json::error_handler_t::replace) + "\n"};
  };
  return pages;
}

}  // namespace localmamba::server
