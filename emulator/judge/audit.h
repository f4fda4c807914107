// Compares a ledger with the expected prompts, and reports what was lost, paid for twice, or executed and never fetched
// (docs/emulator.md). Reads both files once; memory grows with different prompts and jobs, not with rows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace batchd::emulator {

struct AuditPrompt {
  std::string prompt_sha256;
  std::uint64_t line = 0;  // its first line in EXPECTED; 0 if it isn't there
  std::int64_t expected = 0;
  std::int64_t billed = 0;    // rows
  std::int64_t withheld = 0;  // rows
};

struct AuditJob {
  std::string job;
  std::string token;
  std::string why;  // "never ended" or "never downloaded"
};

struct Audit {
  std::int64_t expected = 0;     // prompts; a prompt expected twice counts twice
  std::int64_t billed_once = 0;  // of those
  std::int64_t withheld = 0;     // of those: executed, but nothing usable was ever delivered
  std::int64_t failed = 0;       // of those: delivered as an error, and never otherwise
  std::vector<AuditPrompt> lost;
  std::vector<AuditPrompt> billed_twice;  // more often than expected
  std::vector<AuditPrompt> unknown;       // executed, and not expected
  std::int64_t jobs = 0;
  std::vector<AuditJob> orphans;
  std::int64_t billed_rows = 0;
  std::int64_t withheld_rows = 0;
  bool torn = false;  // the ledger's last row is incomplete and was ignored

  bool clean() const { return lost.empty() && billed_twice.empty() && unknown.empty() && orphans.empty(); }
};

// Throws std::runtime_error, with file and line, if a file can't be read or has an invalid line.
Audit audit(const std::string& ledger, const std::string& expected);

std::string audit_text(const Audit& audit);
std::string audit_json(const Audit& audit);

}  // namespace batchd::emulator
