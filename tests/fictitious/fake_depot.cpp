#include "tests/fictitious/fake_depot.h"

#include <algorithm>

#include "core/check.h"

namespace batchd::fictitious {

using core::HttpEvent;
using core::JobEnd;

namespace {

constexpr std::string_view kCrates = "/d/crates", kRuns = "/d/runs", kModels = "/d/models/";
constexpr std::size_t kLinesMax = 50;

std::string depot_fault(std::string_view code, std::string_view text, std::size_t line = 0) {
  std::string json = "{\"code\":\"" + std::string(code) + "\",\"text\":\"" + std::string(text) + "\"";
  if (line > 0) json += ",\"line\":" + std::to_string(line);
  return json + "}";
}
HttpEvent depot_refuses(int status, std::string_view code, std::string_view text) {
  return reply(status, "{\"fault\":" + depot_fault(code, text) + "}");
}

std::string_view depot_state(std::optional<JobEnd> end) {
  if (!end) return "checking";
  switch (*end) {
    case JobEnd::succeeded:
      return "finished";
    case JobEnd::failed:
      return "failed";
    case JobEnd::cancelled:
      return "stopped";
    case JobEnd::expired:
      return "out_of_time";
  }
  CHECK(false);
}

std::string_view depot_code(core::FailedFor why) {
  switch (why) {
    case core::FailedFor::refused:
      return "unreadable";
    case core::FailedFor::trouble:
      return "our_fault";
    case core::FailedFor::too_much:
      return "queue_full";
    case core::FailedFor::no_input:
      return "no_crate";
    case core::FailedFor::lines:
      return "bad_line";
    case core::FailedFor::model:
      return "no_model";
  }
  CHECK(false);
}

}  // namespace

void FakeDepot::forget() {
  FakeShop::forget();
  crates_.clear();
}

HttpEvent FakeDepot::too_many() const { return depot_refuses(429, "slow_down", "too many runs"); }

Ask FakeDepot::ask_of(const core::HttpCall& call) const {
  const std::string_view target = call.target;
  if (target == kCrates) return Ask::upload;
  if (target.starts_with(kCrates)) return target.ends_with("/content") ? Ask::results : Ask::file;
  if (!target.starts_with(kRuns)) return Ask::other;
  if (call.method == "POST") return target == kRuns ? Ask::create : Ask::cancel;
  return target == kRuns || target.starts_with("/d/runs?") ? Ask::find : Ask::poll;
}

HttpEvent FakeDepot::serve(const core::HttpCall& call, const std::string& body) {
  const std::string_view target = call.target;
  switch (ask_of(call)) {
    case Ask::upload:
      return take_crate(body);
    case Ask::create:
      return create(body);
    case Ask::find:
      return list(between(target, "after=", "&"));
    case Ask::results:
    case Ask::file:
      return about_crate(call.method, target.substr(kCrates.size() + 1));
    case Ask::poll:
    case Ask::cancel:
      return about_run(call.method, target.substr(kRuns.size() + 1));
    case Ask::other:
      if (target.starts_with(kModels)) return reply(200, "{\"model\":\"" + call.target.substr(kModels.size()) + "\"}");
      return reply(200, "{\"models\":[]}");
  }
  CHECK(false);
}

HttpEvent FakeDepot::take_crate(const std::string& form) {
  const auto edge = form.substr(0, form.find("\r\n"));
  const auto label = between(form, "name=\"label\"\r\n\r\n", "\r\n" + edge);
  const auto lines = between(form, "name=\"lines\"\r\n\r\n", "\r\n" + edge + "--\r\n");
  if (edge.empty() || label.empty() || lines.empty()) return depot_refuses(400, "bad_form", "this is no crate");
  const auto crate = "crate-" + std::to_string(next_number());
  crates_[crate] = lines;
  return reply(
      200, "{\"crate\":\"" + crate + "\",\"label\":\"" + label + "\",\"bytes\":" + std::to_string(lines.size()) + "}");
}

namespace {

// `good` and `bad` name the crates of results, and may be empty.
template <class Job>
std::string run_json(const Job& job) {
  std::string json =
      "{\"run\":\"" + job.name + "\",\"crate\":\"" + job.file + "\",\"note\":\"" + job.tag + "\",\"state\":\"" +
      std::string(depot_state(job.end)) + "\",\"made\":" +
      std::to_string(std::chrono::duration_cast<std::chrono::seconds>(job.made.time_since_epoch()).count());
  if (!job.good.empty()) json += ",\"good\":\"crate-good-" + job.name.substr(4) + "\"";
  if (!job.bad.empty()) json += ",\"bad\":\"crate-bad-" + job.name.substr(4) + "\"";
  if (job.end != JobEnd::failed) return json + "}";
  json += ",\"faults\":[";
  for (std::size_t i = 0; i < job.bad_lines.size(); ++i)
    json += (i > 0 ? "," : "") + depot_fault("bad_line", "depot dislikes this line", job.bad_lines[i] + 1);
  if (job.bad_lines.empty()) json += depot_fault(depot_code(job.failed_for), "depot can't run it");
  return json + "]}";
}

}  // namespace

// The crate isn't looked at before the answer.
HttpEvent FakeDepot::create(const std::string& body) {
  const auto crate = between(body, "\"crate\":\"", "\"");
  const auto found = crates_.find(crate);
  auto& job =
      add_job(found == crates_.end() ? std::vector<Line>() : lines_in(found->second, "\"slip\":\"", "\"ask\":"));
  job.tag = between(body, "\"note\":\"", "\"");
  job.file = crate;
  return reply(200, run_json(job));
}

void FakeDepot::look_at_input(Job& job) {
  const bool foreign = job.file.empty();
  if (foreign) return;
  if (!crates_.contains(job.file)) return fail(job.name, core::FailedFor::no_input);
  if (job.lines.size() > kLinesMax) return fail(job.name, core::FailedFor::refused);
  job.bad_lines = places_refused(job.lines);
  if (job.bad_lines.empty()) return;
  job.end = JobEnd::failed;
  job.failed_for = core::FailedFor::lines;
}

HttpEvent FakeDepot::list(std::string_view after) const {
  bool more = false;
  std::string json = "{\"runs\":[";
  for (const auto* job : page_after(after, more)) json += (json.back() == '[' ? "" : ",") + run_json(*job);
  return reply(200, json + "],\"more\":" + (more ? "true" : "false") + "}");
}

HttpEvent FakeDepot::about_crate(const std::string& method, std::string_view path) {
  const std::string crate(path.substr(0, path.find('/')));
  if (path.ends_with("/content")) {
    const bool good = crate.starts_with("crate-good-");
    const auto* job = find_job(job_prefix() + crate.substr(crate.rfind('-') + 1));
    if (job != nullptr) return reply(200, good ? job->good : job->bad);
  }
  const auto found = crates_.find(crate);
  if (found == crates_.end()) return depot_refuses(404, "no_crate", "there is no crate " + crate);
  if (method == "DELETE") crates_.erase(found);
  return reply(200, "{\"crate\":\"" + crate + "\"}");
}

HttpEvent FakeDepot::about_run(const std::string& method, std::string_view path) {
  const std::string name(path.substr(0, path.find('/')));
  auto* job = find_job(name);
  if (job == nullptr) return depot_refuses(404, "no_run", "there is no run " + name);
  if (method == "POST") {
    if (job->end) return depot_refuses(409, "over", "it is over");
    stop(name);
  }
  return reply(200, run_json(*job));
}

std::string FakeDepot::result_line(const Line& line, Fate fate, JobEnd end) const {
  const auto before = "{\"slip\":\"" + line.key + "\",";
  const auto trouble = [&](std::string_view code) {
    return before + "\"reply\":null,\"trouble\":" + depot_fault(code, "depot says so") + "}";
  };
  switch (fate) {
    case Fate::good:
      return "{\"reply\":{\"content\":{\"spent\":{\"in\":7},\"echo\":" + line.request + "},\"code\":200},\"slip\":\"" +
             line.key + "\"}";
    case Fate::bad:
      return before + "\"reply\":{\"code\":400,\"content\":{\"fault\":" + depot_fault("bad_value", "no such value") +
             "}}}";
    case Fate::trouble:
      return trouble("our_fault");
    case Fate::left:
      return trouble(end == JobEnd::cancelled ? "stopped" : "out_of_time");
    case Fate::lost:
      return "";
  }
  CHECK(false);
}

}  // namespace batchd::fictitious
