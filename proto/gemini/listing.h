// Lists all jobs completely, page by page, or ends with a fault: a partial listing proves nothing, and must never be
// taken for a complete one.
#pragma once

#include <string>

#include "core/provider.h"
#include "proto/gemini/job.h"
#include "proto/gemini/pages.h"

namespace batchd::proto {

class JobListing : public core::Dialogue<core::JobMatches> {
 public:
  Next step(const core::HttpEvent& event) override;

 protected:
  JobListing(const std::string& version, JobFilter wanted);

  // Called with each wanted job, once per page that shows it. Returns false if there are too many, which ends the
  // dialogue with a fault.
  virtual bool take(core::JobView job) = 0;

  core::JobMatches matches_;

 private:
  Pages pages_;
  JobFilter wanted_;
};

}  // namespace batchd::proto
