// The two searches in the listing of all jobs: for one job of this database, and for all jobs with our prefix.
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "core/check.h"
#include "proto/gemini/jobs.h"
#include "proto/gemini/listing.h"

namespace batchd::proto {
namespace {

// A job created during the paging shifts the others, so a job may be shown on two pages.
class Find : public JobListing {
 public:
  Find(const std::string& version, std::string tag, std::string file)
      : JobListing(version, [tag, file](std::string_view shown_token, std::string_view shown_file) {
          return (!tag.empty() && shown_token == tag) || (!file.empty() && shown_file == file);
        }) {}

 private:
  bool take(core::JobView job) override {
    if (names_.insert(job.name).second) matches_.jobs.push_back(std::move(job));
    return true;
  }

  std::set<std::string> names_;
};

class Survey : public JobListing {
 public:
  Survey(const std::string& version, std::string prefix)
      : JobListing(version, [prefix](std::string_view tag, std::string_view) { return tag.starts_with(prefix); }) {}

 private:
  bool take(core::JobView job) override {
    const auto kept = matches_.jobs.size();
    if (kept >= kSurveyJobsMax && job.end) return true;
    if (!names_.insert(job.name).second) return true;
    // Drops what a survey doesn't need, since the listing may be long.
    job.error.reset();
    job.input_file.clear();
    job.results.clear();
    matches_.jobs.push_back(std::move(job));
    return kept < 2 * kSurveyJobsMax;
  }

  std::set<std::string> names_;
};

}  // namespace

core::DialoguePtr<core::JobMatches> find_jobs(const std::string& version, const std::string& tag,
                                              const std::string& file) {
  return std::make_unique<Find>(version, tag, file);
}

core::DialoguePtr<core::JobMatches> survey_jobs(const std::string& version, const std::string& prefix) {
  CHECK(!prefix.empty());
  return std::make_unique<Survey>(version, prefix);
}

}  // namespace batchd::proto
