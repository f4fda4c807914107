#include "proto/gemini/listing.h"

#include <utility>

#include "proto/gemini/dialogue.h"
#include "proto/gemini/names.h"
#include "proto/json/digest.h"

namespace batchd::proto {
namespace {

using core::HttpEvent;

constexpr int kPagesMax = 10'000;  // of 100 jobs: far beyond what a project can have

}  // namespace

JobListing::JobListing(std::string version, JobFilter wanted)
    : version_(std::move(version)), wanted_(std::move(wanted)) {}

JobListing::Next JobListing::step(const HttpEvent& event) {
  if (event.kind == HttpEvent::Kind::begin) return call("");
  if (!is_success(event)) return classify(CallKind::find, event, "");
  auto page = parse_job_page(event.body, wanted_);
  if (!page) return classify(CallKind::find, event, "");
  for (auto& job : page->jobs)
    if (!take(std::move(job))) return unreadable(CallKind::find, event, "the listing shows too many jobs");
  if (page->next_page.empty()) return std::move(matches_);
  const bool fresh = seen_.insert(json::sha256(page->next_page)).second;
  if (!fresh || ++pages_ >= kPagesMax) return unreadable(CallKind::find, event, "the listing doesn't end");
  return call(page->next_page);
}

core::HttpCall JobListing::call(const std::string& page) const {
  std::string target = "/" + version_ + "/batches?pageSize=100";
  if (!page.empty()) target += "&pageToken=" + escape_segment(page);
  return json_call("GET", target);
}

}  // namespace batchd::proto
