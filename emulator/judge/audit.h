// The judge: a ledger against the prompts that were expected. Says what was lost, paid for twice, or made and never
// fetched (docs/emulator.md). Reads both files once; memory grows with different prompts and jobs, not with rows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace batchd::emulator {

struct AuditPrompt {
  std::string prompt_sha256;
  std::uint64_t line = 0;  // of EXPECTED, where it is first; 0: it isn't there
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
  std::int64_t expected = 0;     // prompts; one that is expected twice counts twice
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
  bool torn = false;  // the ledger's last row is incomplete, and wasn't read

  bool clean() const { return lost.empty() && billed_twice.empty() && unknown.empty() && orphans.empty(); }
};

// Throws std::runtime_error that names the file and the line: it can't be read, or isn't what it should be.
Audit audit(const std::string& ledger, const std::string& expected);

std::string audit_text(const Audit& audit);
std::string audit_json(const Audit& audit);

}  // namespace batchd::emulator
