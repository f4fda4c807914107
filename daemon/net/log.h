// What the daemon says: one line per event, a stable event name plus key=value. Only daemon/ logs; an error is returned
// or logged, never both. Prompts, results and keys are never given to these functions.
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

// Once, before anything is logged. Lines go to stderr; under systemd ($JOURNAL_STREAM) without time and colour.
void start_logging(LogLevel level);
void set_log_level(LogLevel level);  // from now on
void log_event(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});

// The process can't go on (a bug, or a store that can't be trusted): says why and exits with sysexits 70, or 74 for
// I/O.
[[noreturn]] void fatal(std::string_view event, std::string_view what, int exit_code = 70);

// How `fields` is rendered: values with anything but plain printable ASCII are quoted and escaped, and cut at 1000
// bytes.
std::string log_line(std::string_view event, std::initializer_list<LogField> fields);

}  // namespace batchd::daemon
