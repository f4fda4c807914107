// What all sessions of a server share, and who has to go when it gets crowded. Outlives the sessions.
#pragma once

#include <list>
#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "daemon/http/host.h"
#include "daemon/http/http_server.h"
#include "daemon/http/reply.h"

namespace batchd::daemon {

class Session;

struct ServerShared {
  ServerShared(Executor executor, HttpServerConfig config_, HttpServer::Handler handler_,
               HttpServer::RenderError render_)
      : config(std::move(config_)),
        handler(std::move(handler_)),
        render(std::move(render_)),
        limits(config.connections),
        hosts(config.listen, config.hosts),
        drained(executor) {}

  // Connections that are served; those that were evicted are on their way out.
  int connections() const { return static_cast<int>(sessions.size()) - evicted; }
  // Evicts the session that has been idle for longest. False: none is idle.
  bool make_room();

  const HttpServerConfig config;
  const HttpServer::Handler handler;
  const HttpServer::RenderError render;
  ConnectionLimits limits;
  const KnownHosts hosts;
  DateText date;
  bool closing = false;                                 // no further request on any connection
  int under_way = 0;                                    // exchanges
  std::unordered_map<core::OwnerId, int> under_way_of;  // without those of administrators
  std::unordered_set<std::shared_ptr<Session>> sessions;
  std::list<Session*> idle;  // without an exchange under way; the longest first
  int evicted = 0;           // of `sessions`
  Timer drained;             // cancelled when the last session has ended
};

// Counts an exchange, however its coroutine ends.
class UnderWay {
 public:
  UnderWay(ServerShared& shared, const Peer& peer);
  ~UnderWay();
  UnderWay(const UnderWay&) = delete;

 private:
  ServerShared& shared_;
  const core::OwnerId owner_;
  const bool shares_;
};

// Whether one more exchange of this peer is within its owner's share.
bool within_share(const ServerShared& shared, const Peer& peer);

}  // namespace batchd::daemon
