#include "daemon/net/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>

namespace batchd::daemon {
namespace {

constexpr std::size_t kValueBytesMax = 1000;

bool plain(std::string_view text) {
  for (const char c : text)
    if (c <= ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '=') return false;
  return !text.empty();
}

// Text from elsewhere (provider messages, paths) must stay on one line and contain nothing that a terminal interprets.
void append_value(std::string& line, std::string_view text) {
  const bool cut = text.size() > kValueBytesMax;
  text = text.substr(0, kValueBytesMax);
  if (plain(text) && !cut) {
    line += text;
    return;
  }
  static constexpr std::string_view kHex = "0123456789abcdef";
  line += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      line += '\\';
      line += c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      line += "\\x";
      line += kHex[byte >> 4];
      line += kHex[byte & 15];
    } else {
      line += c;
    }
  }
  line += cut ? "...\"" : "\"";
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warn:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

}  // namespace

void start_logging(LogLevel level) {
  auto logger = spdlog::stderr_color_mt("batchd");
  const bool journal = std::getenv("JOURNAL_STREAM") != nullptr;
  logger->set_pattern(journal ? "%l %v" : "%Y-%m-%dT%H:%M:%S.%e%z %^%l%$ %v");
  logger->set_level(spdlog_level(level));
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

void set_log_level(LogLevel level) { spdlog::default_logger_raw()->set_level(spdlog_level(level)); }

std::string log_line(std::string_view event, std::initializer_list<LogField> fields) {
  std::string line(event);
  for (const auto& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    append_value(line, field.value);
  }
  return line;
}

void log_event(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  auto* logger = spdlog::default_logger_raw();
  const auto severity = spdlog_level(level);
  if (logger->should_log(severity)) logger->log(severity, log_line(event, fields));
}

void fatal(std::string_view event, std::string_view what, int exit_code) {
  spdlog::default_logger_raw()->critical(log_line(event, {{"what", what}}));
  spdlog::default_logger_raw()->flush();
  std::_Exit(exit_code);
}

}  // namespace batchd::daemon
