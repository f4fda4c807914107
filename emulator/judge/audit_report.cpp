#include <cstdio>

#include "emulator/judge/audit.h"
#include "proto/json/write.h"

namespace batchd::emulator {
namespace {

constexpr std::size_t kShown = 20;  // of each list; --json gives all

void append_row(std::string& out, const char* what, std::int64_t count, const char* meaning) {
  char row[160];
  std::snprintf(row, sizeof row, "%-20s %10lld  %s\n", what, static_cast<long long>(count), meaning);
  out += row;
}

template <class List>
std::int64_t length(const List& list) {
  return static_cast<std::int64_t>(list.size());
}

void append_prompts(std::string& out, const char* what, const std::vector<AuditPrompt>& prompts) {
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    if (i == kShown) {
      out += std::string(what) + ": and " + std::to_string(prompts.size() - kShown) + " more\n";
      return;
    }
    const auto& prompt = prompts[i];
    out += std::string(what) + ": " + prompt.prompt_sha256;
    if (prompt.line > 0) out += " (line " + std::to_string(prompt.line) + ")";
    out += ", expected " + std::to_string(prompt.expected) + ", billed " + std::to_string(prompt.billed) +
           ", withheld " + std::to_string(prompt.withheld) + "\n";
  }
}

void append_orphans(std::string& out, const std::vector<AuditJob>& orphans) {
  for (std::size_t i = 0; i < orphans.size() && i < kShown; ++i)
    out += "orphan: " + orphans[i].job + " (" + orphans[i].token + ") " + orphans[i].why + "\n";
  if (orphans.size() > kShown) out += "orphan: and " + std::to_string(orphans.size() - kShown) + " more\n";
}

void write_prompts(json::Writer& w, std::string_view name, const std::vector<AuditPrompt>& prompts) {
  w.key(name);
  w.begin_array();
  for (const auto& prompt : prompts) {
    w.begin_object();
    w.key("prompt_sha256");
    w.string(prompt.prompt_sha256);
    w.key("line");
    w.number(static_cast<std::int64_t>(prompt.line));
    w.key("expected");
    w.number(prompt.expected);
    w.key("billed");
    w.number(prompt.billed);
    w.key("withheld");
    w.number(prompt.withheld);
    w.end_object();
  }
  w.end_array();
}

void write_orphans(json::Writer& w, const std::vector<AuditJob>& orphans) {
  w.key("orphans");
  w.begin_array();
  for (const auto& orphan : orphans) {
    w.begin_object();
    w.key("job");
    w.string(orphan.job);
    w.key("token");
    w.string(orphan.token);
    w.key("why");
    w.string(orphan.why);
    w.end_object();
  }
  w.end_array();
}

}  // namespace

std::string audit_text(const Audit& audit) {
  std::string out;
  append_row(out, "expected", audit.expected, "prompts");
  append_row(out, "billed once", audit.billed_once, "of those");
  append_row(out, "failed", audit.failed, "of those: answered with errors only, nothing billed");
  append_row(out, "withheld", audit.withheld, "of those: executed, but nothing usable was delivered");
  append_row(out, "lost", length(audit.lost), "neither billed nor answered with an error");
  append_row(out, "billed twice", length(audit.billed_twice), "more often than expected");
  append_row(out, "unknown", length(audit.unknown), "executed, but not expected");
  append_row(out, "jobs", audit.jobs, "");
  append_row(out, "orphan jobs", length(audit.orphans), "never ended, or never downloaded");
  append_row(out, "billed lines", audit.billed_rows, "");
  append_row(out, "withheld lines", audit.withheld_rows, "paid for, probably, and not delivered");
  append_prompts(out, "lost", audit.lost);
  append_prompts(out, "billed twice", audit.billed_twice);
  append_prompts(out, "unknown", audit.unknown);
  append_orphans(out, audit.orphans);
  if (audit.torn) out += "The ledger's last row is incomplete and was left out.\n";
  return out + (audit.clean() ? "clean\n" : "TROUBLE\n");
}

std::string audit_json(const Audit& audit) {
  std::string out;
  json::Writer w(out);
  w.begin_object();
  w.key("clean");
  w.boolean(audit.clean());
  for (const auto& [name, value] :
       {std::pair("expected", audit.expected), std::pair("billed_once", audit.billed_once),
        std::pair("failed", audit.failed), std::pair("withheld", audit.withheld), std::pair("jobs", audit.jobs),
        std::pair("billed_lines", audit.billed_rows), std::pair("withheld_lines", audit.withheld_rows)}) {
    w.key(name);
    w.number(value);
  }
  write_prompts(w, "lost", audit.lost);
  write_prompts(w, "billed_twice", audit.billed_twice);
  write_prompts(w, "unknown", audit.unknown);
  write_orphans(w, audit.orphans);
  w.key("torn");
  w.boolean(audit.torn);
  w.end_object();
  return out + "\n";
}

}  // namespace batchd::emulator
