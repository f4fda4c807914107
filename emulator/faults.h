// Scripted trouble: which call, line or job goes wrong, and how. The file's format is in docs/emulator.md.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/switches.h"

namespace batchd::emulator {

// What a rule watches. `any` is every HTTP call; the calls after it are counted one by one.
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
  line,
  job
};
std::string_view on_text(On on);

enum class Do {
  // calls
  status,
  reset_before,
  reset_after,
  withhold,
  status_after,
  truncate,
  delay,
  invalid_key,
  // lines
  missing,
  duplicate,
  foreign,
  swap_foreign_batch,
  no_key,
  garbage,
  error,
  block,
  // jobs
  shuffle,
  expire,
  fail,
  succeed_without_output_polls,
  stuck,
  ignore_cancel,
  cancel_partly
};
std::string_view do_text(Do action);

struct Rule {
  On on = On::any;
  Do action = Do::status;

  // Which of them: at most one of these; none means all.
  std::uint64_t nth = 0;
  std::uint64_t every = 0;
  std::uint64_t first = 0;
  double probability = -1;
  bool first_attempt_only = false;  // lines: only if this prompt was never executed before
  // Conditions: what doesn't meet them isn't even counted.
  std::optional<std::string> if_key;  // calls: the API key they come with
  std::string if_prompt_contains;     // create, line, job: text of one of its prompts; empty: no condition

  int status = 0;                   // status, status_after
  std::optional<std::string> body;  // status, status_after: the answer's text
  bool body_is_json = false;
  double seconds = 60;            // withhold
  std::int64_t milliseconds = 0;  // delay
  int code = 13;                  // error, fail: gRPC number
  std::string message;            // error, fail
  bool silent = false;            // fail: no error in the operation
  bool as_status = false;         // error: the line has "status" instead of "error"
  double executed = 0;            // fail, cancel_partly: share of the lines that were executed before
  int polls = 2;                  // succeed_without_output_polls

  std::uint64_t seen = 0;  // how many of its kind have come
};

struct FaultFile {
  std::uint64_t seed = 1;
  std::vector<Rule> rules;
  Switches::Settings switches;  // not part of the faults, but of the same file
};

// Throws std::runtime_error that says which rule and member is wrong.
FaultFile load_fault_file(const std::string& path);
FaultFile parse_fault_file(std::string_view text);

using Texts = std::set<std::string, std::less<>>;

// What conditions look at.
struct Subject {
  bool first_attempt = true;     // lines
  std::string_view key = {};     // calls: the API key, empty if there is none
  std::string_view prompt = {};  // lines: the prompt's text
  const Texts* found = nullptr;  // create, job: which of texts_sought() are in a prompt
};

class Faults {
 public:
  explicit Faults(FaultFile file) : rules_(std::move(file.rules)), random_(file.seed) {}

  // Other rules from now on; all counts begin anew.
  void replace(FaultFile file) { *this = Faults(std::move(file)); }

  // Counts this call, line or job in every rule that watches it; the first rule that matches, as it is now.
  std::optional<Rule> next(On on, const Subject& subject = {});
  Texts texts_sought(On on) const;  // by the conditions of the rules that watch it
  std::mt19937_64& random() { return random_; }

 private:
  static bool meets(const Rule& rule, const Subject& subject);
  bool matches(const Rule& rule, bool first_attempt);

  std::vector<Rule> rules_;
  std::mt19937_64 random_;
};

}  // namespace batchd::emulator
