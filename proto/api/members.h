// Writes whole members of JSON objects, as the API's status, listings and answers share them.
#pragma once

#include <algorithm>
#include <optional>
#include <string_view>

#include "core/time.h"
#include "proto/json/write.h"
#include "proto/rfc3339.h"

namespace batchd::proto {

class Members {
 public:
  explicit Members(json::Writer& writer, core::WallTime now = {}) : w(writer), now_(now) {}

  void text(std::string_view name, std::string_view value) {
    w.key(name);
    w.string(value);
  }
  void text_if_any(std::string_view name, std::string_view value) {
    if (!value.empty()) text(name, value);
  }
  void number(std::string_view name, std::int64_t value) {
    w.key(name);
    w.number(value);
  }
  void flag(std::string_view name, bool value) {
    w.key(name);
    w.boolean(value);
  }
  void time(std::string_view name, const std::optional<core::WallTime>& value) {
    if (value) text(name, rfc3339(*value));
  }
  // Writes how many whole seconds `oldest` is before `now`; 0 if the clock was set back. Writes nothing for nullopt.
  void age(const std::optional<core::WallTime>& oldest) {
    if (!oldest) return;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now_ - *oldest).count();
    number("oldest_seconds", std::max<std::int64_t>(seconds, 0));
  }
  // Writes an array; append(Members&, thing) writes one element.
  template <class Things, class Append>
  void array(std::string_view name, const Things& things, Append append) {
    w.key(name);
    w.begin_array();
    for (const auto& thing : things) append(*this, thing);
    w.end_array();
  }

  json::Writer& w;

 private:
  core::WallTime now_;
};

}  // namespace batchd::proto
