// Dialogues about jobs: create, find, poll, cancel, download results; and the free call that shows whether the key
// works.
#pragma once

#include <cstddef>
#include <string>

#include "core/provider.h"

namespace batchd::proto {

core::DialoguePtr<core::JobView> create_job(const std::string& version, const core::CreateSpec& spec);
// Finds the jobs that have this tag or read this file. An empty text matches no job.
core::DialoguePtr<core::JobMatches> find_jobs(const std::string& version, const std::string& tag,
                                              const std::string& file);
// Finds the jobs whose displayName begins with `prefix` (not empty), reduced to name, tag, end and created_at. Once
// kSurveyJobsMax jobs are kept, only jobs that haven't ended are added, at most as many again.
inline constexpr std::size_t kSurveyJobsMax = 10'000;
core::DialoguePtr<core::JobMatches> survey_jobs(const std::string& version, const std::string& prefix);
core::DialoguePtr<core::JobView> poll_job(const std::string& version, const std::string& job);
core::DialoguePtr<core::Done> cancel_job(const std::string& version, const std::string& job);
// `result` is one of JobView::results: a file of results, or the name of a job that shows its results itself.
core::DialoguePtr<core::Streamed> download_results(const std::string& version, const std::string& result);
core::DialoguePtr<core::Done> list_one_model(const std::string& version);

}  // namespace batchd::proto
