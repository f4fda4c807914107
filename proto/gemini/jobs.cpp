#include "proto/gemini/jobs.h"

#include <memory>
#include <optional>
#include <utility>

#include "proto/control_document.h"
#include "proto/gemini/absence.h"
#include "proto/gemini/dialogue.h"
#include "proto/gemini/error.h"
#include "proto/gemini/job.h"
#include "proto/gemini/names.h"
#include "proto/json/write.h"

namespace batchd::proto {
namespace {

using core::Fault;
using core::HttpCall;
using core::HttpEvent;
using JobNext = core::Dialogue<core::JobView>::Next;
using DoneNext = core::Dialogue<core::Done>::Next;
using StreamedNext = core::Dialogue<core::Streamed>::Next;

std::string create_body(const core::CreateSpec& spec) {
  std::string body;
  json::Writer w(body);
  w.begin_object();
  w.key("batch");
  w.begin_object();
  w.key("displayName");
  w.string(spec.tag);
  w.key("inputConfig");
  w.begin_object();
  w.key("fileName");
  w.string(spec.file);
  w.end_object();
  w.end_object();
  w.end_object();
  return body;
}

std::string_view create_verb(std::string_view endpoint) {
  if (endpoint == "generateContent") return ":batchGenerateContent";
  CHECK(endpoint == "embedContent");
  return ":asyncBatchEmbedContent";
}

// Accepts only a job that is surely ours: it has a name, and our tag if a displayName is shown.
JobNext read_created(const HttpEvent& event, const core::CreateSpec& spec) {
  if (is_success(event)) {
    if (const auto document = ControlDocument::parse(event.body)) {
      auto job = parse_job(document->root(), event.body);
      if (job && (job->tag.empty() || job->tag == spec.tag)) return std::move(*job);
      if (job) return unreadable(CallKind::create, event, "the answer shows another job's displayName");
    }
  }
  return classify(CallKind::create, event);
}

JobNext read_polled(const HttpEvent& event, const std::string& name) {
  if (is_success(event)) {
    if (const auto document = ControlDocument::parse(event.body)) {
      auto job = parse_job(document->root(), event.body);
      if (job && job->name == name) return std::move(*job);
      if (job) return unreadable(CallKind::poll, event, "the answer shows another job");
    }
  }
  return classify(CallKind::poll, event);
}

DoneNext read_cancelled(const HttpEvent& event) {
  const auto error = event.kind == HttpEvent::Kind::answer ? parse_error(event.body) : std::nullopt;
  if (is_success(event) && !error) return core::Done{};
  // The job has already ended; a poll will show how.
  const bool over = (event.status == 400 && error && error->status == "FAILED_PRECONDITION") ||
                    ((event.status == 404 || event.status == 409) && error);
  if (over) return core::Done{};
  return classify(CallKind::cancel, event);
}

// What is said of a job that the key sees no more.
core::Fault missing(CallKind call, const HttpEvent& event) {
  auto fault = classify(call, event);
  fault.kind = Fault::Kind::missing;
  return fault;
}

HttpCall job_call(const std::string& version, const std::string& job) {
  auto call = json_call("GET", "/" + version + "/" + job);
  call.left_out = kInlineResults;
  return call;
}

// Two paths are known to serve results; which of them works has changed over time, and either may redirect.
class Download : public core::Dialogue<core::Streamed> {
 public:
  Download(std::string version, std::string file)
      : version_(std::move(version)), file_(std::move(file)), absence_(version_, file_) {}

  Next step(const HttpEvent& event) override {
    if (event.kind == HttpEvent::Kind::begin) return call("/" + version_);
    if (refusal_) return after_page(event);
    if (is_success(event)) return core::Streamed{event.streamed_bytes};
    if (!event.redirect.empty() && redirects_ < kRedirectsMax) {
      ++redirects_;
      return to(event.redirect);
    }
    const bool elsewhere = event.status == 400 || event.status == 403 || event.status == 404;
    if (event.kind == HttpEvent::Kind::answer && elsewhere && !second_) {
      second_ = true;
      return call("/download/" + version_);
    }
    if (!is_forbidden(event)) return classify(CallKind::results, event);
    refusal_ = event;
    return after_page({});
  }

 private:
  static constexpr int kRedirectsMax = 5;

  HttpCall call(const std::string& root) const { return to(root + "/" + file_ + ":download?alt=media"); }
  static HttpCall to(std::string target) {
    auto call = json_call("GET", std::move(target));
    call.sink = HttpCall::Sink::lines;
    return call;
  }
  Next after_page(const HttpEvent& event) {
    auto next = absence_.step(event);
    if (auto* call = std::get_if<HttpCall>(&next)) return std::move(*call);
    if (auto* fault = std::get_if<Fault>(&next)) return std::move(*fault);
    return missing(CallKind::results, *refusal_);
  }

  const std::string version_, file_;
  Absence absence_;
  std::optional<HttpEvent> refusal_;  // the 403
  bool second_ = false;
  int redirects_ = 0;
};

// A job that shows its results itself: its lines are the elements of the array in it.
core::DialoguePtr<core::Streamed> inline_results(const std::string& version, const std::string& job) {
  auto call = json_call("GET", "/" + version + "/" + job);
  call.sink = HttpCall::Sink::lines;
  call.lines_in = kInlineResults;
  return std::make_unique<CallAboutThing<core::Streamed>>(
      Absence(version, job), std::move(call),
      [](const HttpEvent& event) -> StreamedNext {
        if (is_success(event)) return core::Streamed{event.streamed_bytes};
        return classify(CallKind::results, event);
      },
      [](const HttpEvent& event) -> StreamedNext { return missing(CallKind::results, event); });
}

}  // namespace

core::DialoguePtr<core::JobView> create_job(const std::string& version, const core::CreateSpec& spec) {
  CHECK(is_file_name(spec.file) && !spec.tag.empty());
  auto target = "/" + version + "/models/" + escape_segment(spec.lane.model);
  target += create_verb(spec.lane.endpoint);
  auto call = json_call("POST", std::move(target), create_body(spec));
  call.single_shot = true;
  call.left_out = kInlineResults;
  return std::make_unique<SingleCall<core::JobView>>(
      std::move(call), [spec](const HttpEvent& event) { return read_created(event, spec); });
}

core::DialoguePtr<core::JobView> poll_job(const std::string& version, const std::string& job) {
  if (!is_job_name(job)) return std::make_unique<RefusingDialogue<core::JobView>>("not a job's name");
  return std::make_unique<CallAboutThing<core::JobView>>(
      Absence(version, job), job_call(version, job), [job](const HttpEvent& event) { return read_polled(event, job); },
      [](const HttpEvent& event) -> JobNext { return missing(CallKind::poll, event); });
}

core::DialoguePtr<core::Done> cancel_job(const std::string& version, const std::string& job) {
  if (!is_job_name(job)) return std::make_unique<RefusingDialogue<core::Done>>("not a job's name");
  return std::make_unique<CallAboutThing<core::Done>>(
      Absence(version, job), json_call("POST", "/" + version + "/" + job + ":cancel", "{}"), read_cancelled,
      [](const HttpEvent&) -> DoneNext { return core::Done{}; });
}

core::DialoguePtr<core::Streamed> download_results(const std::string& version, const std::string& result) {
  if (is_job_name(result)) return inline_results(version, result);
  if (!is_file_name(result)) return std::make_unique<RefusingDialogue<core::Streamed>>("not a result's name");
  return std::make_unique<Download>(version, result);
}

core::DialoguePtr<core::Done> list_one_model(const std::string& version) {
  return std::make_unique<SingleCall<core::Done>>(
      json_call("GET", "/" + version + "/models?pageSize=1"), [](const HttpEvent& event) -> DoneNext {
        const bool listed = is_success(event) && ControlDocument::parse(event.body) && !parse_error(event.body);
        if (listed) return core::Done{};
        return classify(CallKind::check_account, event);
      });
}

}  // namespace batchd::proto
