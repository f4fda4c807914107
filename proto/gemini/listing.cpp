#include "proto/gemini/listing.h"

#include <utility>

#include "proto/gemini/dialogue.h"

namespace batchd::proto {

using core::HttpEvent;

JobListing::JobListing(const std::string& version, JobFilter wanted)
    : pages_(version, "batches"), wanted_(std::move(wanted)) {}

JobListing::Next JobListing::step(const HttpEvent& event) {
  if (event.kind == HttpEvent::Kind::begin) return pages_.call("");
  if (!is_success(event)) return classify(CallKind::find, event);
  auto page = parse_job_page(event.body, wanted_);
  if (!page) return classify(CallKind::find, event);
  for (auto& job : page->jobs)
    if (!take(std::move(job))) return unreadable(CallKind::find, event, "the listing shows too many jobs");
  if (page->next_page.empty()) return std::move(matches_);
  if (!pages_.may_follow(page->next_page)) return unreadable(CallKind::find, event, "the listing doesn't end");
  return pages_.call(page->next_page);
}

}  // namespace batchd::proto
