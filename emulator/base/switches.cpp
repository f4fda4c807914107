#include "emulator/base/switches.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <stdexcept>

#include "proto/json/write.h"

namespace batchd::emulator {
namespace {

enum class Kind { choice, number, number_or_word, text };

struct Definition {
  Switch which;
  std::string_view name;
  Kind kind;
  std::string_view values;  // choice: all of them, joined by '|', the default first; else the default
  std::string_view meaning;
};

constexpr Definition kAll[] = {
    {Switch::blank_lines, "blank-lines", Kind::choice, "skipped|refused",
     "blank lines in an input file; refused: 400 at create, \"Error on line N\""},
    {Switch::cancel_finished, "cancel-finished", Kind::choice, "ignored|400|404",
     "cancelling a job that has ended: {} and no change, 400 FAILED_PRECONDITION, or 404"},
    {Switch::cancelled_code, "cancelled-code", Kind::choice, "1|13|13-and-rows",
     "error.code of a CANCELLED job; 13-and-rows: 13, and rows that weren't run are errors with code 13 in a partial "
     "output"},
    {Switch::cancelled_output, "cancelled-output", Kind::choice, "none|partial",
     "partial: a job cancelled while RUNNING keeps the results of the part that was finished"},
    {Switch::creates, "creates", Kind::choice, "open|quota|billing|location|denied",
     "are jobs accepted? quota: every create gets 429; billing, location: 400 FAILED_PRECONDITION; denied: 403; no "
     "other "
     "call is refused"},
    {Switch::delete_running, "delete-running", Kind::choice, "stops|goes-on",
     "deleting a live job; goes-on: it can't be seen any more, but runs, costs, and counts against the limits"},
    {Switch::download_range, "download-range", Kind::choice, "ignored|honoured",
     "\"Range: bytes=N-\" on downloads; honoured: 206 with Content-Range, 416 beyond the end"},
    {Switch::duplicate_keys, "duplicate-keys", Kind::choice, "accepted|refused",
     "two lines of an input file with one key; refused: 400 at create"},
    {Switch::foreign_batch, "foreign-batch", Kind::choice, "404|403",
     "GET, cancel and DELETE of another project's job"},
    {Switch::granularity, "granularity", Kind::choice, "enforced|free",
     "must chunks of an upload, but the last, be multiples of 8 MiB? enforced: others get 400"},
    {Switch::input_read, "input-read", Kind::choice, "create|start",
     "when a job reads its input; create: deleting the file later never fails the job; start: it does until the job "
     "runs"},
    {Switch::line_failure, "line-failure", Kind::choice, "error|status|status-text",
     "how a result line says that its request failed: a member \"error\", an object or a text \"status\""},
    {Switch::list_filter, "list-filter", Kind::choice, "ignored|400", "\"filter\" on lists of jobs"},
    {Switch::mime_refusal, "mime-refusal", Kind::choice, "start-400|start-200|finalize-400|finalize-200",
     "where a refused type of file is refused, and with which HTTP status; the body is the same error"},
    {Switch::missing_cache, "missing-cache", Kind::choice, "403|404",
     "creating a job with a line whose cachedContent isn't there, if references=checked"},
    {Switch::missing_file, "missing-file", Kind::choice, "404|403|400",
     "creating a job from a file that isn't there or is another project's"},
    {Switch::missing_keys, "missing-keys", Kind::choice, "accepted|refused",
     "a line of an input file without \"key\": its result has none, or 400 at create"},
    {Switch::missing_lines, "missing-lines", Kind::choice, "withheld|billed|not-billed",
     "how the ledger books an executed line whose result a fault kept back or damaged"},
    {Switch::models_without_batch, "models-without-batch", Kind::text, "",
     "models, separated by commas, that have no batch method: a create gets 404, GET doesn't list the method"},
    {Switch::named_lines, "named-lines", Kind::number, "100",
     "how many lines the refusal of a create names at most; 0: none, its words are \"Request contains an invalid "
     "argument.\""},
    {Switch::output, "output", Kind::choice, "file|inline|inline-if-small",
     "where the results of a job made from a file are; inline: in its operation; inline-if-small: up to 100 requests"},
    {Switch::over_jobs, "over-jobs", Kind::choice, "429|pending",
     "a create beyond --max-jobs; pending: the job is made, and stays PENDING until older ones have ended"},
    {Switch::page_size_default, "page-size-default", Kind::number, "10", "rows per page of a list without pageSize"},
    {Switch::page_size_max, "page-size-max", Kind::number, "100", "a larger pageSize gets this many rows"},
    {Switch::priority, "priority", Kind::choice, "ignored|ordered",
     "ordered: a job stays PENDING while a live job of its project has a higher \"priority\""},
    {Switch::processing_end, "processing-end", Kind::choice, "active|failed",
     "what an uploaded file becomes when processing-seconds are over"},
    {Switch::processing_seconds, "processing-seconds", Kind::number, "0",
     "how long an uploaded file is PROCESSING; a create from it gets 400 FAILED_PRECONDITION until it is ACTIVE"},
    {Switch::references, "references", Kind::choice, "unchecked|checked",
     "does a create look for the files (fileUri) and caches (cachedContent) that its lines name?"},
    {Switch::result_file_get, "result-file-get", Kind::choice, "works|400",
     "metadata of a result file (GET without :download); 400: its name is longer than 40 characters"},
    {Switch::result_file_seconds, "result-file-seconds", Kind::number_or_word, "as-files",
     "life of result files; as-files: what --file-seconds says; 3628800 is six weeks"},
    {Switch::storage_refund, "storage-refund", Kind::choice, "at-once|late|never",
     "when the bytes of a file that was deleted or has expired stop counting against --max-storage-bytes"},
    {Switch::storage_refund_seconds, "storage-refund-seconds", Kind::number, "3600",
     "how late, if storage-refund=late"},
    {Switch::stream_ending, "stream-ending", Kind::choice, "complete|error",
     "error: streams break off with a 503 in the middle, as raw JSON"},
    {Switch::unknown_batch_text, "unknown-batch-text", Kind::text, "Requested entity was not found.",
     "the message of the 404 for a job that isn't there"},
    {Switch::unknown_models, "unknown-models", Kind::text, "",
     "models, separated by commas, that aren't there: calls get 404"},
    {Switch::upload_session_seconds, "upload-session-seconds", Kind::number, "86400",
     "how long after its start an upload can be continued; 604800 is seven days"},
};

const Definition& definition(Switch which) {
  const auto found = std::ranges::find(kAll, which, &Definition::which);
  if (found == std::ranges::end(kAll)) throw std::logic_error("a switch without a definition");
  return *found;
}

std::string_view default_of(const Definition& of) {
  return of.kind == Kind::choice ? of.values.substr(0, of.values.find('|')) : of.values;
}

bool has_choice(const Definition& of, std::string_view value) {
  return !value.empty() && value.find('|') == std::string_view::npos &&
         ("|" + std::string(of.values) + "|").find("|" + std::string(value) + "|") != std::string::npos;
}

std::optional<double> number_in(std::string_view text) {
  double out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && out >= 0 && out <= 1e9 ? std::optional(out) : std::nullopt;
}

// Returns an empty text if the switch takes the value, else what it takes.
std::string complaint(const Definition& of, std::string_view value) {
  switch (of.kind) {
    case Kind::choice:
      return has_choice(of, value) ? "" : "must be " + std::string(of.values);
    case Kind::number_or_word:
      if (value == of.values) return "";
      [[fallthrough]];
    case Kind::number:
      return number_in(value) ? "" : "must be a number from 0 to 1000000000";
    case Kind::text:
      return "";
  }
  return "";
}

// Returns how many letters must be changed, added or dropped to turn one word into the other.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const auto kept = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({kept, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

std::string unknown(std::string_view name) {
  const auto near =
      std::ranges::min_element(kAll, {}, [name](const Definition& of) { return distance(name, of.name); });
  std::string why = "no switch \"" + std::string(name) + "\"";
  if (distance(name, near->name) <= 3) why += " (did you mean \"" + std::string(near->name) + "\"?)";
  why += "; there are:";
  for (const auto& of : kAll) why += " " + std::string(of.name);
  return why;
}

}  // namespace

void Switches::set(const Settings& settings) {
  auto changed = set_;
  for (const auto& [name, value] : settings) {
    const auto found = std::ranges::find(kAll, std::string_view(name), &Definition::name);
    if (found == std::ranges::end(kAll)) throw std::runtime_error(unknown(name));
    const auto why = complaint(*found, value);
    if (!why.empty()) throw std::runtime_error("switch \"" + name + "\" " + why + ", not \"" + value + "\"");
    changed[found->which] = value;
  }
  set_ = std::move(changed);
}

bool Switches::is(Switch which, std::string_view value) const {
  const auto& of = definition(which);
  const bool possible = of.kind == Kind::choice ? has_choice(of, value) : value == of.values;
  if (!possible) throw std::logic_error("switch " + std::string(of.name) + " is never " + std::string(value));
  return text(which) == value;
}

std::string_view Switches::text(Switch which) const {
  const auto found = set_.find(which);
  return found == set_.end() ? default_of(definition(which)) : std::string_view(found->second);
}

double Switches::number(Switch which) const { return number_in(text(which)).value_or(0); }

bool Switches::lists(Switch which, std::string_view name) const {
  constexpr std::string_view kBetween = ", ";
  for (auto rest = text(which); !rest.empty();) {
    const auto end = std::min(rest.find_first_of(kBetween), rest.size());
    if (end > 0 && rest.substr(0, end) == name) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

std::string Switches::json() const {
  std::string out;
  json::Writer w(out);
  w.begin_object();
  for (const auto& of : kAll) {
    w.key(of.name);
    w.string(text(of.which));
  }
  w.end_object();
  return out;
}

std::pair<std::string, std::string> switch_setting(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) {
    throw std::runtime_error("a switch is set by NAME=VALUE, not \"" + std::string(text) + "\"");
  }
  return {std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

Switches::Settings switch_settings(const Value& object) {
  if (!object.IsObject()) throw std::runtime_error("\"switches\" must be an object of names and values");
  Switches::Settings settings;
  for (const auto& entry : object.GetObject()) {
    const auto& value = entry.value;
    if (!value.IsString() && !value.IsNumber()) {
      throw std::runtime_error("switch \"" + std::string(text(entry.name)) + "\" must be a string or a number");
    }
    settings.emplace_back(text(entry.name), value.IsString() ? std::string(text(value)) : to_json(value));
  }
  return settings;
}

std::string switches_help() {
  std::string out;
  for (const auto& of : kAll) {
    out += "  " + std::string(of.name) + "=" + std::string(of.values) + "\n      " + std::string(of.meaning) + "\n";
  }
  return out;
}

std::vector<std::string> switch_names() {
  std::vector<std::string> names;
  for (const auto& of : kAll) names.emplace_back(of.name);
  return names;
}

}  // namespace batchd::emulator
