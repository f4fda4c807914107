// The only place that speaks to the service manager (sd_notify(3)): what systemd knows of us beyond our pid.
// Without $NOTIFY_SOCKET nobody listens, and nothing here does anything. Used on the main thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/time.h"

namespace batchd::daemon {

class Notifier {
 public:
  Notifier();  // looks at the environment

  bool heard() const { return heard_; }
  // Without a sign of life for so long we are restarted; zero: nobody waits for one.
  std::chrono::microseconds watchdog() const { return watchdog_; }

  // Each of these gives the start more time. opening() must last until the next of them: a database that is migrated is
  // copied as a whole before, and nothing is heard of us meanwhile.
  void opening(std::int64_t database_bytes);
  void waiting_for_room();  // before each new try to open it, within a minute
  void recovering();        // at each step

  void ready();      // after a reload, too
  void reloading();  // ready() follows
  void stopping(core::Duration at_most);
  void closing();  // the last step of a stop

  void status(std::string_view text);  // one line for people; told only if it is another one. See one_line()
  void alive();

 private:
  void tell(const std::string& message);
  void extend(std::string message, std::chrono::seconds time);

  bool heard_ = false;
  bool failed_ = false;  // said in the log
  std::chrono::microseconds watchdog_{};
  std::string status_;
};

// What others have said (a provider, a path), for one line that nobody interprets: whatever isn't printable ASCII is
// replaced, and what is too long is cut.
std::string one_line(std::string_view text, std::size_t bytes_max);

// How long opening a database of this size may take: with a migration, a copy of it on a slow disk.
std::chrono::seconds opening_time(std::int64_t database_bytes);

}  // namespace batchd::daemon
