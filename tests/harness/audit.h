// Runs gemini-emulator's command line for its list of faults and for audits of its ledgers.
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
  std::string rule;  // a rule with everything it takes, as JSON, without a selector
};

// Every fault there is. Throws std::runtime_error if it can't be had.
std::vector<ListedFault> listed_faults();

// The rule once more with these members (the inside of a JSON object, without its braces) in place of its own.
std::string with_members(const std::string& rule, std::string_view members);

struct Verdict {
  int exit_code = -1;
  Json report;  // `audit --json`; invalid: it couldn't judge

  // How many prompts, or jobs, of this kind: "lost", "billed_twice", "unknown", "orphans".
  std::size_t count(std::string_view kind) const { return report.items("/" + std::string(kind)).size(); }
};

// Judges the ledger in this folder by the prompts that were to be answered, one digest each.
Verdict audit(const TempFolder& folder, const std::vector<std::string>& expected_digests);

}  // namespace batchd::harness
