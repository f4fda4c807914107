// What no source could tell about the real API: each open point is a switch, with the likeliest behaviour as default.
// They can be set at start (--switch, a fault file) and while calls are served; single thread, like all of the
// emulator.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "emulator/base/dom.h"

namespace batchd::emulator {

enum class Switch {
  blank_lines,
  cancel_finished,
  cancelled_output,
  delete_running,
  download_range,
  duplicate_keys,
  foreign_batch,
  granularity,
  line_failure,
  list_filter,
  mime_refusal,
  missing_file,
  missing_keys,
  missing_lines,
  page_size_default,
  page_size_max,
  priority,
  result_file_get,
  result_file_seconds,
  stream_ending,
  unknown_batch_text,
  upload_session_seconds
};

class Switches {
 public:
  using Settings = std::vector<std::pair<std::string, std::string>>;  // names and values

  // All of them or, if one is wrong, none: throws std::runtime_error that names it and says what there is.
  void set(const Settings& settings);

  // Does it have this value? `value` must be one that it can have (std::logic_error: a mistake of ours).
  bool is(Switch which, std::string_view value) const;
  std::string_view text(Switch which) const;
  double number(Switch which) const;  // of those whose values are numbers
  std::string json() const;           // {"NAME":"VALUE", ...}, all of them

 private:
  std::map<Switch, std::string> set_;  // those that were set; the others have their defaults
};

// "NAME=VALUE", as on the command line. Throws std::runtime_error: there is no '='.
std::pair<std::string, std::string> switch_setting(std::string_view text);
// The members of an object; values are strings, numbers or booleans. Throws std::runtime_error.
Switches::Settings switch_settings(const Value& object);
// All switches with their values and meanings, for --help: the default comes first.
std::string switches_help();
std::vector<std::string> switch_names();

}  // namespace batchd::emulator
