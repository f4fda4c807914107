// Compares two configurations, and puts in force what can change while the daemon runs.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace batchd::config {

// Returns the full names of the keys in which the two differ, such as "packing.max_age", "accounts.default.max_jobs",
// "budget.gemini-2.5-pro.max_enqueued_tokens"; "accounts.NAME" for an account that only one of them has.
std::vector<std::string> changed_keys(const Config& a, const Config& b);

// Copies from `fresh` into `running` what needs no restart. changed_keys(running, fresh) are then the keys that need
// one.
void take_over(Config& running, const Config& fresh);

}  // namespace batchd::config
