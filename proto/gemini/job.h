// Jobs as the provider shows them: a long-running Operation around a batch resource.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/provider.h"
#include "proto/control_document.h"

namespace batchd::proto {

// None: it has no valid job name. States of either prefix; an unknown one has not ended.
std::optional<core::JobView> parse_job(const JsonValue& operation);

// Whether a job with this displayName, reading this file (either may be empty: not shown), is one of those looked for.
using JobFilter = std::function<bool(std::string_view tag, std::string_view file)>;

struct JobPage {
  std::vector<core::JobView> jobs;  // the wanted ones
  std::string next_page;            // empty: the last one
};
// One page of a listing. None: it can't be relied upon (no such JSON; a wanted job without a readable name).
std::optional<JobPage> parse_job_page(std::string_view body, const JobFilter& wanted);

}  // namespace batchd::proto
