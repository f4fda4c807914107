#include "proto/gemini/jobs.h"

#include <memory>
#include <utility>

#include "proto/control_document.h"
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
  return classify(CallKind::create, event, spec.file);
}

JobNext read_polled(const HttpEvent& event, const std::string& name) {
  if (is_success(event)) {
    if (const auto document = ControlDocument::parse(event.body)) {
      auto job = parse_job(document->root(), event.body);
      if (job && job->name == name) return std::move(*job);
      if (job) return unreadable(CallKind::poll, event, "the answer shows another job");
    }
  }
  return classify(CallKind::poll, event, name);
}

DoneNext read_cancelled(const HttpEvent& event, const std::string& job) {
  const auto error = event.kind == HttpEvent::Kind::answer ? parse_error(event.body) : std::nullopt;
  if (is_success(event) && !error) return core::Done{};
  // The job has already ended; a poll will show how.
  const bool over = (event.status == 400 && error && error->status == "FAILED_PRECONDITION") ||
                    ((event.status == 404 || event.status == 409) && error);
  if (over) return core::Done{};
  return classify(CallKind::cancel, event, job);
}

// Two paths are known to serve results; which of them works has changed over time, and either may redirect.
class Download : public core::Dialogue<core::Streamed> {
 public:
  Download(std::string version, std::string file) : version_(std::move(version)), file_(std::move(file)) {}

  Next step(const HttpEvent& event) override {
    if (event.kind == HttpEvent::Kind::begin) return call("/" + version_);
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
    return classify(CallKind::results, event, file_);
  }

 private:
  static constexpr int kRedirectsMax = 5;

  HttpCall call(const std::string& root) const { return to(root + "/" + file_ + ":download?alt=media"); }
  static HttpCall to(std::string target) {
    auto call = json_call("GET", std::move(target));
    call.sink = HttpCall::Sink::lines;
    return call;
  }

  std::string version_, file_;
  bool second_ = false;
  int redirects_ = 0;
};

}  // namespace

core::DialoguePtr<core::JobView> create_job(const std::string& version, const core::CreateSpec& spec) {
  CHECK(is_file_name(spec.file) && !spec.tag.empty());
  auto target = "/" + version + "/models/" + escape_segment(spec.lane.model);
  target += create_verb(spec.lane.endpoint);
  auto call = json_call("POST", std::move(target), create_body(spec));
  call.single_shot = true;
  return std::make_unique<SingleCall<core::JobView>>(
      std::move(call), [spec](const HttpEvent& event) { return read_created(event, spec); });
}

core::DialoguePtr<core::JobView> poll_job(const std::string& version, const std::string& job) {
  if (!is_job_name(job)) return std::make_unique<RefusingDialogue<core::JobView>>("not a job's name");
  return std::make_unique<SingleCall<core::JobView>>(json_call("GET", "/" + version + "/" + job),
                                                     [job](const HttpEvent& event) { return read_polled(event, job); });
}

core::DialoguePtr<core::Done> cancel_job(const std::string& version, const std::string& job) {
  if (!is_job_name(job)) return std::make_unique<RefusingDialogue<core::Done>>("not a job's name");
  return std::make_unique<SingleCall<core::Done>>(json_call("POST", "/" + version + "/" + job + ":cancel", "{}"),
                                                  [job](const HttpEvent& event) { return read_cancelled(event, job); });
}

core::DialoguePtr<core::Streamed> download_results(const std::string& version, const std::string& file) {
  if (!is_file_name(file)) return std::make_unique<RefusingDialogue<core::Streamed>>("not a file's name");
  return std::make_unique<Download>(version, file);
}

core::DialoguePtr<core::Done> list_one_model(const std::string& version) {
  return std::make_unique<SingleCall<core::Done>>(
      json_call("GET", "/" + version + "/models?pageSize=1"), [](const HttpEvent& event) -> DoneNext {
        const bool listed = is_success(event) && ControlDocument::parse(event.body) && !parse_error(event.body);
        if (listed) return core::Done{};
        return classify(CallKind::check_account, event, "");
      });
}

}  // namespace batchd::proto
