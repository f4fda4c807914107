// A complete listing of all jobs, page by page, or a fault: half a listing proves nothing, and must never look like one
// that does.
#pragma once

#include <set>
#include <string>

#include "core/provider.h"
#include "proto/gemini/job.h"

namespace batchd::proto {

class JobListing : public core::Dialogue<core::JobMatches> {
 public:
  Next step(const core::HttpEvent& event) override;

 protected:
  JobListing(std::string version, JobFilter wanted);

  // Each wanted job, once per page that shows it. False: more than can be taken in, which ends the dialogue.
  virtual bool take(core::JobView job) = 0;

  core::JobMatches matches_;

 private:
  core::HttpCall call(const std::string& page) const;

  std::string version_;
  JobFilter wanted_;
  std::set<std::string> seen_;  // digests of page tokens
  int pages_ = 0;
};

}  // namespace batchd::proto
