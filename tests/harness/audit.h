// What gemini-emulator's command line tells: its faults, and its verdict on a ledger.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/harness/json.h"
#include "tests/harness/temp_folder.h"

namespace batchd::harness {

// One line of `gemini-emulator --list-faults`.
struct ListedFault {
  std::string on;
  std::string action;
  std::string rule;  // a rule with all members that it can have, as JSON, without a selector
};

// Returns every fault. Throws std::runtime_error if the emulator doesn't list them.
std::vector<ListedFault> listed_faults();

// Returns the rule with these members (the inside of a JSON object, without braces) in place of those of the same
// names.
std::string with_members(const std::string& rule, std::string_view members);

struct Verdict {
  int exit_code = -1;
  Json report;  // the output of `audit --json`; invalid JSON if the audit couldn't judge

  // Returns how many prompts or jobs are of this kind: "lost", "billed_twice", "unknown", "orphans".
  std::size_t count(std::string_view kind) const { return report.items("/" + std::string(kind)).size(); }
};

// Audits the ledger in this folder against the digests of the prompts that had to be answered.
Verdict audit(const TempFolder& folder, const std::vector<std::string>& expected_digests);

}  // namespace batchd::harness
