#include "daemon/host/notifier.h"

#include <systemd/sd-daemon.h>

#include <cstdlib>
#include <ctime>
#include <system_error>

#include "daemon/net/log.h"

namespace batchd::daemon {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

constexpr std::size_t kStatusBytesMax = 1000;
constexpr std::int64_t kSlowDiskBytesPerSecond = 8 << 20;  // read, written and flushed
constexpr seconds kOpeningBase{60};
constexpr seconds kRecoverStep{60};  // a step is one verb: bounded, but the disk may be busy
constexpr seconds kStopMargin{30};   // the write-ahead log is copied into the database

}  // namespace

std::string one_line(std::string_view text, std::size_t bytes_max) {
  std::string line(text.substr(0, bytes_max));
  for (auto& c : line)
    if (c < ' ' || c > '~') c = c == '\n' || c == '\t' ? ' ' : '?';
  if (line.size() < text.size()) line += "...";
  return line;
}

seconds opening_time(std::int64_t database_bytes) {
  return kOpeningBase + seconds(database_bytes / kSlowDiskBytesPerSecond);
}

Notifier::Notifier() {
  const auto* socket = std::getenv("NOTIFY_SOCKET");
  heard_ = socket != nullptr && *socket != '\0';
  std::uint64_t wanted = 0;
  if (heard_ && ::sd_watchdog_enabled(0, &wanted) > 0) watchdog_ = microseconds(wanted);
}

void Notifier::opening(std::int64_t database_bytes) {
  extend("STATUS=opening the database", opening_time(database_bytes));
}

void Notifier::waiting_for_room() {
  extend("STATUS=the disk is full: waiting for room to open the database", kOpeningBase);
}

void Notifier::recovering() { extend("STATUS=recovering", kRecoverStep); }

void Notifier::ready() { tell("READY=1"); }

// systemd (Type=notify-reload) matches this message to its request by the time in it.
void Notifier::reloading() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const auto usec = std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000;
  tell("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(usec));
}

void Notifier::stopping(core::Duration at_most) {
  extend("STOPPING=1", std::chrono::ceil<seconds>(at_most) + kStopMargin);
}

void Notifier::closing() {
  status_.clear();
  extend("STATUS=stopping: closing the database", kStopMargin);
}

void Notifier::status(std::string_view text) {
  auto line = one_line(text, kStatusBytesMax);
  if (line == status_) return;
  status_ = std::move(line);
  tell("STATUS=" + status_);
}

void Notifier::alive() { tell("WATCHDOG=1"); }

// Asks for so much time from now on; this never shortens the time that the service manager allows anyway.
void Notifier::extend(std::string message, seconds time) {
  tell(std::move(message) + "\nEXTEND_TIMEOUT_USEC=" + std::to_string(microseconds(time).count()));
}

void Notifier::tell(const std::string& message) {
  if (!heard_) return;
  const int sent = ::sd_notify(0, message.c_str());
  if (sent < 0 && !failed_)
    log_event(LogLevel::warn, "service_manager_deaf", {{"detail", std::generic_category().message(-sent)}});
  failed_ = sent < 0;
}

}  // namespace batchd::daemon
