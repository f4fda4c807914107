// What all sessions of a server share, and which connection is evicted when all are in use. Outlives the sessions.
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

  // Returns the number of connections being served, without those that were evicted and have not ended yet.
  int connections() const { return static_cast<int>(sessions.size()) - evicted; }
  // Evicts the session that has been idle for longest, sparing those whose next request has just arrived where
  // possible. Returns false if no session is idle.
  bool make_room();

  const HttpServerConfig config;
  const HttpServer::Handler handler;
  const HttpServer::RenderError render;
  ConnectionLimits limits;
  const KnownHosts hosts;
  DateText date;
  bool closing = false;                                 // no connection serves a further request
  int under_way = 0;                                    // exchanges under way
  std::unordered_map<core::OwnerId, int> under_way_of;  // same, by owner, without those of administrators
  std::unordered_set<std::shared_ptr<Session>> sessions;
  std::list<Session*> idle;  // sessions without an exchange under way, idle for longest first
  int evicted = 0;           // how many of `sessions` were evicted
  Timer drained;             // cancelled when the last session, or the task that accepts TCP, has ended
};

// Counts an exchange as under way from construction to destruction, however its coroutine ends.
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

// Returns true if one more exchange of this peer is within its owner's share (owner_connections_max).
bool within_share(const ServerShared& shared, const Peer& peer);

}  // namespace batchd::daemon
