// /debug/requests.
#ifndef LOCALMAMBA_SERVER_HTTP_DEBUG_PAGES_H_
#define LOCALMAMBA_SERVER_HTTP_DEBUG_PAGES_H_

#include "server/http/http_server.h"
#include "server/tracing/recent_requests.h"

namespace localmamba::server {

// A JSON object {"slowest", "failed"} of lists, as RequestLog writes records. It tells ids and
// error messages of any caller's requests. `recent` outlives the pages.
HttpPages DebugPages(const RecentRequests& recent);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_HTTP_DEBUG_PAGES_H_
