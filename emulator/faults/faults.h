// Scripted faults: which call, line or job goes wrong, and how. docs/emulator.md describes the file's format.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/base/switches.h"
#include "emulator/faults/refusals.h"

namespace batchd::emulator {

// What a rule watches. `any` is every HTTP call; the values after it are single kinds of calls. `connection` is a
// connection just accepted, `line` a line being executed, `job` a job being created.
enum class On {
  any,
  create,
  generate,
  upload_start,
  upload_chunk,
  upload_query,
  get,
  list,
  cancel,
  batch_delete,
  file_get,
  file_list,
  file_delete,
  download,
  models,
  connection,
  line,
  job
};
std::string_view on_text(On on);

// What a rule does. The table in fault_table.cpp has each one's name, what it may watch, and its details.
enum class Do {
  // calls: how far the request gets, and whether it has its effect
  status,
  status_after,
  invalid_key,
  quota,
  reset_before,
  reset_in_request,
  withhold_before,
  reset_after,
  close_after,
  withhold,
  late_effect,
  execute_twice,
  delay,
  lose_file,
  processing,
  // calls: another answer
  html,
  error_in_200,
  empty_body,
  redirect,
  // calls: the true answer with something changed in it
  set,
  unset,
  header,
  unknown_state,
  job_state_prefix,
  done_without_state,
  huge_counts,
  number_counts,
  name_elsewhere,
  name_dotdot,
  name_crlf,
  name_long,
  output_elsewhere,
  output_dotdot,
  output_crlf,
  output_long,
  upload_url_elsewhere,
  wrong_hash,
  wrong_size,
  empty_page,
  shuffle_page,
  repeat_rows,
  no_tokens,
  // calls: the true answer, sent wrongly
  truncate,
  cut,
  shorten,
  stall,
  trickle,
  wrong_length,
  duplicate_length,
  length_and_chunks,
  chunked,
  bad_chunk,
  endless,
  gzip_bomb,
  info_flood,
  big_headers,
  bad_header,
  bad_status_line,
  not_http,
  http09,
  extra_answer,
  close_after_answer,
  // connections
  refuse,
  mute,
  // lines
  missing,
  duplicate,
  duplicate_other,
  error_first,
  foreign,
  swap_foreign_batch,
  no_key,
  key_number,
  key_twice,
  garbage,
  empty,
  blank_before,
  not_object,
  bom,
  crlf,
  nul,
  lone_surrogate,
  invalid_utf8,
  raw_u2028,
  deep,
  huge_number,
  tiny_number,
  minus_zero,
  long_line,
  both,
  neither,
  empty_response,
  extra_members,
  error,
  status_text,
  embedded_status,
  degenerate_json,
  block,
  finish_reason,
  // jobs
  shuffle,
  swap_answers,
  expire,
  fail,
  cancel_itself,
  cancel_partly,
  ignore_cancel,
  stuck,
  stuck_pending,
  slow,
  lose_input,
  succeed_without_output_polls,
  no_output,
  output_lost,
  empty_output,
  list_lag,
  get_lag,
  stale_list
};
std::string_view do_text(Do action);

struct Rule {
  On on = On::any;
  Do action = Do::status;

  // The selector: at most one of these is set; if none is, the rule applies to all.
  std::uint64_t nth = 0;
  std::uint64_t every = 0;
  std::uint64_t first = 0;
  double probability = -1;
  bool first_attempt_only = false;  // lines: only if this prompt was never executed before
  // Conditions: occurrences that don't meet them aren't counted.
  std::optional<std::string> if_key;  // calls: the API key they come with
  std::string if_prompt_contains;     // create, line, job: text of one of its prompts; empty: no condition

  // Details; the table says which of them apply, and their defaults.
  std::int64_t status = 0;          // HTTP
  std::optional<std::string> body;  // the answer's text
  bool body_is_json = false;
  bool effect = false;  // another answer is sent, but the call is carried out first
  double seconds = 0;
  std::int64_t milliseconds = 0;
  std::int64_t code = 13;  // gRPC number
  std::string message;
  bool silent = false;     // no error in the operation
  bool as_status = false;  // the line has "status" instead of "error"
  double executed = 0;     // share of the lines that are executed before the end
  double share = 0;        // of the lines that are concerned
  bool fails = false;      // the file ends FAILED
  std::int64_t polls = 0;  // GETs
  std::int64_t lists = 0;  // list calls
  bool get_too = false;
  std::int64_t bytes = -1;       // -1 if the rule doesn't say
  std::int64_t lines = -1;       // likewise
  std::int64_t head_bytes = -1;  // likewise
  bool mid_line = false;
  std::int64_t by = 0;
  std::int64_t count = 0;
  std::string to;     // an address
  std::string path;   // "metadata.state"
  std::string value;  // JSON
  std::string name;   // of a header
  std::string text;
  std::string retry_info;  // a duration, "30s"; empty: no detail says when to try again
  std::string reason;

  std::size_t number = 0;  // in the file, from 1
  std::uint64_t seen = 0;  // how many of its kind have occurred
};

struct FaultFile {
  std::uint64_t seed = 1;
  std::vector<Rule> rules;
  std::vector<Refusal> refusals;
  Switches::Settings switches;  // switches are set in the same file
};

// Throws std::runtime_error with the rule and member that is wrong.
FaultFile load_fault_file(const std::string& path);
FaultFile parse_fault_file(std::string_view text);

using Texts = std::set<std::string, std::less<>>;

// The properties that conditions look at.
struct Subject {
  bool first_attempt = true;     // lines
  std::string_view key = {};     // calls: the API key, empty if there is none
  std::string_view prompt = {};  // lines: the prompt's text
  const Texts* found = nullptr;  // create, job: which of texts_sought() are in a prompt
};

class Faults {
 public:
  explicit Faults(FaultFile file)
      : rules_(std::move(file.rules)), refusals_(std::move(file.refusals)), random_(file.seed) {}

  // Replaces all rules and refusals; all counts start again.
  void replace(FaultFile file) { *this = Faults(std::move(file)); }

  // Counts this call, line or job in every rule that watches it. Returns a copy of the first rule that matches.
  std::optional<Rule> next(On on, const Subject& subject = {});
  Texts texts_sought(On on) const;  // texts that the rules watching `on` look for
  const std::vector<Refusal>& refusals() const { return refusals_; }
  std::mt19937_64& random() { return random_; }

 private:
  static bool meets(const Rule& rule, const Subject& subject);
  bool matches(const Rule& rule, bool first_attempt);

  std::vector<Rule> rules_;
  std::vector<Refusal> refusals_;
  std::mt19937_64 random_;
};

}  // namespace batchd::emulator
