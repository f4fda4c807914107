// The search for a job: a complete listing of all pages, or a fault. Half a listing proves nothing, and must never look
// like one that does.
#include <set>
#include <string>
#include <utility>

#include "proto/gemini_dialogue.h"
#include "proto/gemini_job.h"
#include "proto/gemini_jobs.h"
#include "proto/gemini_names.h"
#include "proto/json/digest.h"

namespace batchd::proto {
namespace {

using core::HttpEvent;

constexpr int kPagesMax = 10'000;  // of 100 jobs: far beyond what a project can have

class Find : public core::Dialogue<core::JobMatches> {
 public:
  Find(std::string version, std::string token, std::string file)
      : version_(std::move(version)), token_(std::move(token)), file_(std::move(file)) {}

  Next step(const HttpEvent& event) override {
    if (event.kind == HttpEvent::Kind::begin) return call("");
    if (!is_success(event)) return classify(CallKind::find, event, "");
    auto page = parse_job_page(event.body, token_, file_);
    if (!page) return classify(CallKind::find, event, "");
    for (auto& job : page->jobs)
      // A job created while we page moves the others along: one may be shown on two pages.
      if (names_.insert(job.name).second) matches_.jobs.push_back(std::move(job));
    if (page->next_page.empty()) return std::move(matches_);
    const bool fresh = seen_.insert(json::sha256(page->next_page)).second;
    if (!fresh || ++pages_ >= kPagesMax) return unreadable(CallKind::find, event, "the listing doesn't end");
    return call(page->next_page);
  }

 private:
  core::HttpCall call(const std::string& page) const {
    std::string target = "/" + version_ + "/batches?pageSize=100";
    if (!page.empty()) target += "&pageToken=" + escape_segment(page);
    return json_call("GET", target);
  }

  std::string version_, token_, file_;
  core::JobMatches matches_;
  std::set<std::string> names_;
  std::set<std::string> seen_;  // digests of page tokens
  int pages_ = 0;
};

}  // namespace

core::DialoguePtr<core::JobMatches> find_jobs(const std::string& version, const std::string& token,
                                              const std::string& file) {
  return std::make_unique<Find>(version, token, file);
}

}  // namespace batchd::proto
