// What batchd shows the service manager while it runs: that it works (the watchdog), and what it is doing (the status
// line). Nothing runs if no service manager listens.
//
// A watchdog message is sent only when a round trip has completed: from the event loop to the store's thread, through a
// write that has reached the disk, and back to the loop. Whatever blocks the loop, the store's thread or the disk stops
// the messages; a provider, an upload or a client can't. A full disk doesn't stop them: the daemon reports it by
// itself, and accepts work again by itself. (While room is short the store refuses the write before it reaches the
// disk.)
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/store_types.h"
#include "daemon/engine/engine.h"
#include "daemon/host/notifier.h"
#include "daemon/http/http_server.h"

namespace batchd::daemon {

class VitalSigns {
 public:
  VitalSigns(Engine& engine, Notifier& notifier) : engine_(engine), notifier_(notifier), tasks_(engine.executor) {}
  void start(const HttpServer& server);  // `server` must outlive end()
  // Ends watchdog messages and status line, which go on during a stop until this is called. Waits for a write under
  // way, however slow the disk is: closing the database, which comes next, would wait for the write as well.
  Task<void> end();

 private:
  Task<void> feed();
  Task<void> report(const HttpServer& server);
  Task<void> look();

  Engine& engine_;
  Notifier& notifier_;
  TaskGroup tasks_;
  bool over_ = false;
  bool refused_for_room_ = false;  // the watchdog's last write was refused, since the disk is full
  core::Totals totals_;
  std::optional<std::uint64_t> totals_as_of_;  // what StoreClient::changes() was when `totals_` was read
};

// Returns what keeps batchd from working, with the command that solves it; then the numbers.
std::string status_line(const core::Totals& totals, const Accounts& accounts, bool disk_full);
std::string stopping_line(int calls);

}  // namespace batchd::daemon
