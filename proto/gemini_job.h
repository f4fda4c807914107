// Jobs as the provider shows them: a long-running Operation around a batch resource.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/provider.h"
#include "proto/control_document.h"

namespace batchd::proto {

// None: it has no valid job name. States of either prefix; an unknown one has not ended.
std::optional<core::JobView> parse_job(const JsonValue& operation);

struct JobPage {
  std::vector<core::JobView> jobs;  // those with the token, or reading the file
  std::string next_page;            // empty: the last one
};
// One page of a listing. None: it can't be relied upon (no such JSON; a job of ours without a readable name).
std::optional<JobPage> parse_job_page(std::string_view body, std::string_view token, std::string_view file);

}  // namespace batchd::proto
