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

// `text` is the operation as it came, from which the error's body is taken; without it the error has no body.
// Returns nullopt if the operation has no valid job name. Accepts states with either prefix. A job without a known
// state has ended only if its operation is done and carries a response or an error.
std::optional<core::JobView> parse_job(const JsonValue& operation, std::string_view text = {});

// Returns true if a job with this displayName that reads this file is wanted. Either is empty if it isn't shown.
using JobFilter = std::function<bool(std::string_view tag, std::string_view file)>;

struct JobPage {
  std::vector<core::JobView> jobs;  // the wanted ones, their errors without bodies
  std::string next_page;            // empty on the last page
};
// Reads one page of a listing. Returns nullopt if the page can't be relied upon (not such JSON, jobs out of reach, a
// wanted job without a readable name).
std::optional<JobPage> parse_job_page(std::string_view body, const JobFilter& wanted);

}  // namespace batchd::proto
