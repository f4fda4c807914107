#include "tests/fictitious/fake_shop.h"

#include <algorithm>
#include <utility>

#include "core/check.h"

namespace batchd::fictitious {
namespace {

constexpr std::size_t kJobsOnAPage = 2;  // so that nearly every listing has several

}  // namespace

core::HttpEvent FakeShop::answer(const core::HttpCall& call, std::string body) {
  for (auto& job : jobs_)
    if (!job.end) look_at_input(job);
  const auto ask = ask_of(call);
  ++asked_[ask];
  auto& queue = reactions_[ask];
  const auto properly = [this, call, body] { return serve(call, body); };  // it may come later than the reaction
  if (queue.empty()) return properly();
  const auto reaction = std::move(queue.front());
  queue.pop_front();
  return reaction(properly);
}

void FakeShop::forget() {
  reactions_.clear();
  asked_.clear();
  jobs_.clear();
  paid.clear();
  refused.clear();
  made_ = 0;
}

std::size_t FakeShop::asked(Ask ask) const {
  const auto found = asked_.find(ask);
  return found == asked_.end() ? 0 : found->second;
}

std::vector<std::string> FakeShop::open_jobs() const {
  std::vector<std::string> names;
  for (const auto& job : jobs_)
    if (!job.end) names.push_back(job.name);
  return names;
}

std::vector<std::string> FakeShop::all_jobs() const {
  std::vector<std::string> names;
  for (const auto& job : jobs_) names.push_back(job.name);
  return names;
}

std::vector<std::string> FakeShop::keys_of(const std::string& job) const {
  std::vector<std::string> keys;
  const auto found = std::ranges::find(jobs_, job, &Job::name);
  CHECK(found != jobs_.end());
  for (const auto& line : found->lines) keys.push_back(line.key);
  return keys;
}

void FakeShop::end(const std::string& name, const Ending& ending) {
  auto* job = find_job(name);
  CHECK(job != nullptr && !job->end);
  look_at_input(*job);
  if (job->end) return;
  for (std::size_t i = 0; i < job->lines.size(); ++i) {
    const auto fate = i < ending.fates.size() ? ending.fates[i] : ending.others;
    const auto& line = job->lines[i];
    if (!line.key.empty() && (fate == Fate::good || fate == Fate::lost)) pay(line.key);
    const auto said = result_line(line, fate, ending.end);
    if (!said.empty()) (fate == Fate::good ? job->good : job->bad) += said + '\n';
  }
  job->end = ending.end;
}

void FakeShop::fail(const std::string& name, core::FailedFor why) {
  auto* job = find_job(name);
  CHECK(job != nullptr && !job->end && why != core::FailedFor::lines);
  job->end = core::JobEnd::failed;
  job->failed_for = why;
}

void FakeShop::stop(const std::string& name) {
  end(name, {.end = core::JobEnd::cancelled, .fates = {}, .others = Fate::left});
}

std::string FakeShop::add_foreign_job(std::size_t lines) { return add_job(std::vector<Line>(lines)).name; }

FakeShop::Job& FakeShop::add_job(std::vector<Line> lines) {
  Job job;
  job.name = job_prefix() + std::to_string(next_number());
  job.made = now();
  job.lines = std::move(lines);
  return jobs_.emplace_back(std::move(job));
}

FakeShop::Job* FakeShop::find_job(std::string_view name) {
  const auto found = std::ranges::find(jobs_, name, &Job::name);
  return found == jobs_.end() ? nullptr : &*found;
}

std::vector<const FakeShop::Job*> FakeShop::page_after(std::string_view name, bool& more) const {
  std::vector<const Job*> page;
  more = false;
  bool begun = name.empty();
  for (auto job = jobs_.rbegin(); job != jobs_.rend(); ++job) {
    more = begun && page.size() == kJobsOnAPage;
    if (more) break;
    if (begun) page.push_back(&*job);
    begun = begun || job->name == name;
  }
  return page;
}

std::vector<std::size_t> FakeShop::places_refused(const std::vector<Line>& lines) const {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < lines.size() && !refused.empty(); ++i)
    if (lines[i].request.find(refused) != std::string::npos) places.push_back(i);
  return places;
}

std::vector<FakeShop::Line> FakeShop::lines_in(std::string_view text, std::string_view key_mark,
                                               std::string_view request_mark) {
  std::vector<Line> lines;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const auto from = line.find(request_mark);
    const auto end = line.rfind('}');
    CHECK(from != std::string_view::npos && end != std::string_view::npos);
    const auto begin = from + request_mark.size();
    lines.push_back({between(line, key_mark, "\""), std::string(line.substr(begin, end - begin))});
  }
  return lines;
}

}  // namespace batchd::fictitious
