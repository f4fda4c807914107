// What the service manager is shown while batchd runs: that it lives (the watchdog), and what it is doing (the status
// line). Nothing runs if nobody listens.
//
// A sign of life is the end of a walk: from the event loop to the store's thread, a write that is on the disk, and
// back to the loop. Whatever blocks one of the two ends the signs; a provider, an upload or a client can't. A full disk
// is no such case: the daemon says so by itself, and takes work again by itself. (While room is short the store refuses
// the write before it reaches the disk.)
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
  void start(const HttpServer& server);  // which must live until the end
  // They go on during a stop, as the last ones. Waits for a write under way, however slow the disk is: the database is
  // closed after it, which waits just so.
  Task<void> end();

 private:
  Task<void> feed();
  Task<void> report(const HttpServer& server);
  Task<void> look();

  Engine& engine_;
  Notifier& notifier_;
  TaskGroup tasks_;
  bool over_ = false;
  bool refused_for_room_ = false;  // the last write of the watchdog
  core::Totals totals_;
  std::optional<std::uint64_t> totals_as_of_;  // StoreClient::changes()
};

// What keeps it from working, in words and with the command that mends it; then the numbers.
std::string status_line(const core::Totals& totals, const Accounts& accounts, bool disk_full);
std::string stopping_line(int calls);

}  // namespace batchd::daemon
