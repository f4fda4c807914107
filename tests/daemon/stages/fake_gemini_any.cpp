// The fake Gemini as any provider: what the stories that are told of several providers do with it.
#include <algorithm>

#include "core/check.h"
#include "tests/daemon/stages/fake_gemini.h"

namespace batchd::daemon::testing {

using core::HttpEvent;
using fictitious::Ask;
using fictitious::Fate;

namespace {

std::vector<Endpoint> endpoints_of(Ask ask) {
  switch (ask) {
    case Ask::upload:
      return {Endpoint::data, Endpoint::start, Endpoint::query};
    case Ask::create:
      return {Endpoint::create};
    case Ask::find:
      return {Endpoint::list};
    case Ask::poll:
      return {Endpoint::poll};
    case Ask::results:
      return {Endpoint::download};
    case Ask::cancel:
      return {Endpoint::cancel};
    case Ask::file:
      return {Endpoint::check, Endpoint::remove};
    case Ask::other:
      break;
  }
  CHECK(false);
}

bool is_open(const Job& job) { return job.state == "BATCH_STATE_PENDING" || job.state == "BATCH_STATE_RUNNING"; }

std::string_view state_of(core::JobEnd end) {
  switch (end) {
    case core::JobEnd::succeeded:
      return "SUCCEEDED";
    case core::JobEnd::failed:
      return "FAILED";
    case core::JobEnd::cancelled:
      return "CANCELLED";
    case core::JobEnd::expired:
      return "EXPIRED";
  }
  CHECK(false);
}

int grpc_code_of(core::FailedFor why) {
  switch (why) {
    case core::FailedFor::trouble:
      return 13;
    case core::FailedFor::too_much:
      return 8;
    case core::FailedFor::no_input:
    case core::FailedFor::model:
      return 5;
    case core::FailedFor::refused:
    case core::FailedFor::lines:
      return 3;
  }
  CHECK(false);
}

}  // namespace

void FakeGemini::forget() {
  auto clock = std::move(now);
  *this = FakeGemini();
  now = std::move(clock);
}

void FakeGemini::react(Ask ask, fictitious::Reaction reaction) {
  next(endpoints_of(ask).front(), [reaction = std::move(reaction)](Call&, const std::function<HttpEvent()>& properly) {
    return reaction(properly);
  });
}

std::size_t FakeGemini::asked(Ask ask) const {
  std::size_t times = 0;
  for (const auto endpoint : endpoints_of(ask)) times += count(endpoint);
  return times;
}

std::vector<std::string> FakeGemini::open_jobs() const {
  std::vector<std::string> names;
  for (auto job = jobs.rbegin(); job != jobs.rend(); ++job)
    if (is_open(*job)) names.push_back(job->name);
  return names;
}

std::vector<std::string> FakeGemini::all_jobs() const {
  std::vector<std::string> names;
  for (auto job = jobs.rbegin(); job != jobs.rend(); ++job) names.push_back(job->name);
  return names;
}

std::vector<std::string> FakeGemini::keys_of(const std::string& job) const {
  std::vector<std::string> keys;
  const auto found = std::ranges::find(jobs, job, &Job::name);
  CHECK(found != jobs.end());
  for (const auto& line : lines_of(inputs_.at(found->file))) keys.push_back(key_of(line));
  return keys;
}

Job& FakeGemini::job_named(const std::string& name) {
  const auto found = std::ranges::find(jobs, name, &Job::name);
  CHECK(found != jobs.end());
  return *found;
}

void FakeGemini::end(const std::string& name, const fictitious::Ending& ending) {
  auto& job = job_named(name);
  CHECK(is_open(job));
  if (!files.contains(job.file)) return fail(job, 5, "its input file is gone");
  std::vector<std::string> results;
  const auto lines = lines_of(inputs_.at(job.file));
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto fate = i < ending.fates.size() ? ending.fates[i] : ending.others;
    const auto key = key_of(lines[i]);
    if (fate == Fate::good || fate == Fate::lost) pay(key);
    if (fate == Fate::good) results.push_back(good_line(key, "{\"echo\":" + request_of(lines[i]) + "}"));
    if (fate == Fate::bad) results.push_back(error_line(key, 3, "no such value"));
    if (fate == Fate::trouble) results.push_back(error_line(key, 14, "overloaded"));
  }
  finish(job, results, std::string(state_of(ending.end)));
}

void FakeGemini::fail(const std::string& job, core::FailedFor why) {
  fail(job_named(job), grpc_code_of(why), "the job could not be run");
}

void FakeGemini::stop(const std::string& job) { job_named(job).state = "BATCH_STATE_CANCELLED"; }

HttpEvent FakeGemini::too_many() const { return reply(429, error_body(429, "RESOURCE_EXHAUSTED", "quota")); }

std::optional<HttpEvent> FakeGemini::refusal_of_lines(const std::string& file) const {
  if (refused.empty()) return std::nullopt;
  std::string words;
  std::size_t bad = 0;
  const auto lines = lines_of(inputs_.at(file));
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].find(refused) == std::string::npos || bad++ >= names_at_most) continue;
    words += (words.empty() ? "" : "\\n") + std::string("Error on line ") + std::to_string(i + 1) +
             ": invalid JSON, near column 49: no such field" + quotes;
  }
  if (bad == 0) return std::nullopt;
  if (words.empty()) words = "Request contains an invalid argument.";
  return reply(400, error_body(400, "INVALID_ARGUMENT", words));
}

}  // namespace batchd::daemon::testing
