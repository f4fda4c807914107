// The only place that sends messages to the service manager (sd_notify(3)). Without $NOTIFY_SOCKET nobody receives
// them, and nothing here has any effect. Used on the main thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/time.h"

namespace batchd::daemon {

class Notifier {
 public:
  Notifier();  // reads the environment

  // Returns true if a service manager receives the messages.
  bool heard() const { return heard_; }
  // Returns the watchdog period: if no watchdog message comes for so long, batchd is restarted. Zero if there is no
  // watchdog.
  std::chrono::microseconds watchdog() const { return watchdog_; }

  // Each of these extends the time that the start may take. What opening() asks for must last until the next of them: a
  // database that needs a migration is first copied as a whole, and no message is sent meanwhile.
  void opening(std::int64_t database_bytes);
  void waiting_for_room();  // before each new attempt to open the database, at least once a minute
  void recovering();        // before each step of the recovery

  void ready();      // also after a reload
  void reloading();  // ready() follows
  void stopping(core::Duration at_most);
  void closing();  // the last step of a stop

  void status(std::string_view text);  // one line for people; sent only if it has changed. See one_line()
  // Sends a watchdog message.
  void alive();

 private:
  void tell(const std::string& message);
  void extend(std::string message, std::chrono::seconds time);

  bool heard_ = false;
  bool failed_ = false;  // the last message could not be sent, which was logged
  std::chrono::microseconds watchdog_{};
  std::string status_;
};

// Returns text from others (a provider, a path) as one line that nothing interprets: what isn't printable ASCII is
// replaced, and what exceeds `bytes_max` is cut and "..." appended.
std::string one_line(std::string_view text, std::size_t bytes_max);

// Returns how long opening a database of this size may take: with a migration it is copied, perhaps on a slow disk.
std::chrono::seconds opening_time(std::int64_t database_bytes);

}  // namespace batchd::daemon
