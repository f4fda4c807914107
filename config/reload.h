// Two configurations compared, and what of a new one can be put in force while the daemon runs.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace batchd::config {

// Keys in which they differ, by their full names: "packing.max_age", "accounts.default.max_jobs",
// "budget.gemini-2.5-pro.max_enqueued_tokens"; "accounts.NAME" if only one of them has it.
std::vector<std::string> changed_keys(const Config& a, const Config& b);

// Puts into `running` what doesn't need a restart. changed_keys(running, fresh) is then what does.
void take_over(Config& running, const Config& fresh);

}  // namespace batchd::config
