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

// The member in which a job shows its results themselves, instead of naming a file of them: in metadata.output, in
// response or in response.output; for embeddings inside another object there (inlinedEmbedContentResponses). Its value
// may be as large as the results, so it is left out where a job is read (HttpCall::left_out).
inline constexpr std::string_view kInlineResults = "inlinedResponses";

// A job that shows its results itself and names no file has its own name as JobView::results. The job's error tells
// nothing of places in the input file (without_places).
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
