// The daemon's log: one line per event, with a stable event name and key=value fields. Only daemon/ logs; an error is
// returned or logged, never both. Prompts, results and keys are never passed to these functions.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "config/config.h"
#include "core/error.h"
#include "core/ids.h"

namespace batchd::daemon {

using LogLevel = config::LogLevel;

struct LogField {
  LogField(std::string_view name, std::string_view text) : key(name), value(text) {}
  LogField(std::string_view name, const char* text) : key(name), value(text) {}
  LogField(std::string_view name, const std::string& text) : key(name), value(text) {}
  template <class Tag>
  LogField(std::string_view name, core::Id<Tag> id) : key(name), value(core::to_text(id)) {}
  template <std::integral Number>
  LogField(std::string_view name, Number number) : key(name), value(std::to_string(number)) {}

  std::string_view key;
  std::string value;
};

// Must be called once, before anything is logged. Lines go to stderr; if $JOURNAL_STREAM is set (under systemd) they
// carry no time and no colour.
void start_logging(LogLevel level);
void set_log_level(LogLevel level);  // takes effect at once
void log_event(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});

// Logs why the process can't continue (a bug, or a store that can't be trusted) and exits at once with `exit_code`: a
// sysexits code, 70 by default, 74 for an I/O error.
[[noreturn]] void fatal(std::string_view event, std::string_view what, int exit_code = 70);

// Renders one log line without level and time. A value with anything but plain printable ASCII is quoted and escaped; a
// value over 1000 bytes is cut.
std::string log_line(std::string_view event, std::initializer_list<LogField> fields);

}  // namespace batchd::daemon
