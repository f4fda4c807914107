// What every handler of a call works with. Owned by the composition root (daemon.cpp), outlives every call; used on the
// io_context's thread only.
#pragma once

#include "core/time.h"
#include "daemon/engine/engine.h"
#include "daemon/http/http_server.h"

namespace batchd::daemon {

struct Desk {
  explicit Desk(Engine& the_engine) : engine(the_engine), started_at(the_engine.clock.wall()) {}

  Engine& engine;
  const core::WallTime started_at;
  const HttpServer* server = nullptr;  // for its numbers of connections; null until it listens
  bool backing_up = false;             // GET /admin/backup makes one copy at a time
  core::SteadyTime probed_at{};        // when the store last showed that it takes writes
};

}  // namespace batchd::daemon
