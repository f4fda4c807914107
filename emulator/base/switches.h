// Undocumented behaviour of the real API: each open point is a switch, with the likeliest behaviour as default.
// Switches can be set at start (--switch, a fault file) and while calls are served. One thread, like all of the
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
  cancelled_code,
  cancelled_output,
  creates,
  delete_running,
  download_range,
  duplicate_keys,
  foreign_batch,
  granularity,
  input_read,
  line_failure,
  list_filter,
  mime_refusal,
  missing_cache,
  missing_file,
  missing_keys,
  missing_lines,
  models_without_batch,
  named_lines,
  output,
  over_jobs,
  page_size_default,
  page_size_max,
  priority,
  processing_end,
  processing_seconds,
  references,
  result_file_get,
  result_file_seconds,
  storage_refund,
  storage_refund_seconds,
  stream_ending,
  unknown_batch_text,
  unknown_models,
  upload_session_seconds
};

class Switches {
 public:
  using Settings = std::vector<std::pair<std::string, std::string>>;  // names and values

  // Sets all of them. If one is wrong it sets none and throws std::runtime_error, which names the wrong one and lists
  // what is possible.
  void set(const Settings& settings);

  // True if the switch has this value. Throws std::logic_error, a bug, if it can't have it.
  bool is(Switch which, std::string_view value) const;
  std::string_view text(Switch which) const;
  double number(Switch which) const;  // for switches whose values are numbers
  // True if the switch, whose value is a list of names, has this one. Commas or blanks stand between the names.
  bool lists(Switch which, std::string_view name) const;
  std::string json() const;  // {"NAME":"VALUE", ...}, all of them

 private:
  std::map<Switch, std::string> set_;  // switches that were set; all others have their defaults
};

// Splits "NAME=VALUE" of the command line. Throws std::runtime_error if there is no '='.
std::pair<std::string, std::string> switch_setting(std::string_view text);
// Returns the members of an object. Throws std::runtime_error if a value is no string, number or boolean.
Switches::Settings switch_settings(const Value& object);
// Returns all switches with their values, the default first, and meanings, for --help.
std::string switches_help();
std::vector<std::string> switch_names();

}  // namespace batchd::emulator
