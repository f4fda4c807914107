// The provider's answers: every dialogue ends or makes another call, whatever the answer, and never trusts a name in
// it.
#include <string>
#include <utility>
#include <variant>

#include "core/limits.h"
#include "proto/gemini/gemini.h"
#include "proto/gemini/line_words.h"
#include "proto/gemini/names.h"
#include "proto/json/validator.h"
#include "proto/rfc3339.h"
#include "tests/fuzz/fuzz.h"

using namespace batchd;

namespace {

const auto kGemini = proto::make_gemini();

// The body of an error is given out as it is, so it must be JSON.
void check_error(const core::RequestError& error) {
  CHECK(error.message.size() <= core::kProviderMessageBytesMax);
  CHECK(error.body.size() <= core::kProviderErrorBytesMax);
  CHECK(error.body.empty() || json::validate(error.body, {}));
  CHECK(error.source == core::ErrorSource::provider);
}

template <class Outcome>
void hear(core::DialoguePtr<Outcome> dialogue, const core::HttpEvent& event) {
  dialogue->step({});
  const auto next = dialogue->step(event);
  if (const auto* fault = std::get_if<core::Fault>(&next)) {
    CHECK(!event.early || fault->kind != core::Fault::Kind::unclear);
    CHECK(fault->message.size() <= core::kProviderMessageBytesMax);
    CHECK(fault->retry_after.value_or(core::Duration::zero()) >= core::Duration::zero());
    if (fault->error) check_error(*fault->error);
    for (std::size_t i = 0; i < fault->lines.size(); ++i) {
      CHECK(fault->lines[i].line > (i == 0 ? 0 : fault->lines[i - 1].line));
      check_error(fault->lines[i].error);
    }
  }
  if constexpr (std::is_same_v<Outcome, core::JobView>) {
    if (const auto* job = std::get_if<core::JobView>(&next)) {
      CHECK(proto::is_job_name(job->name));
      for (const auto& result : job->results) CHECK(proto::is_file_name(result) || result == job->name);
      for (const auto& [line, error] : job->refused) {
        CHECK(line > 0);
        check_error(error);
      }
      if (job->error) check_error(*job->error);
    }
  }
}

}  // namespace

// The first byte chooses the status, the rest is the body.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr int kStatuses[] = {200, 400, 401, 403, 404, 409, 413, 429, 500, 503};
  core::HttpEvent event;
  event.kind = core::HttpEvent::Kind::answer;
  event.status = kStatuses[data[0] % std::size(kStatuses)];
  event.body = fuzz::text(data + 1, size - 1);
  event.headers = {{"X-Goog-Upload-Status", "final"}, {"X-Goog-Upload-URL", event.body}};
  const core::CreateSpec created{.lane = {"default", "embedContent", "m"}, .file = "files/b-1", .tag = "t"};
  hear(kGemini->create(created), event);
  auto early = event;
  early.early = true;
  hear(kGemini->create(created), early);
  hear(kGemini->find({.tag = "t", .file = "files/b-1"}), event);
  hear(kGemini->survey("t"), event);
  hear(kGemini->poll("batches/a"), event);
  hear(kGemini->cancel("batches/a"), event);
  hear(kGemini->start_upload({.name = "b-1", .bytes = 5, .variant = 0}), event);
  hear(kGemini->upload({.session = "/upload?upload_id=1", .batch = core::BatchId{1}, .name = "b-1", .bytes = 5}),
       event);
  hear(kGemini->upload_text("b-1", "hello"), event);
  hear(kGemini->check_file("files/b-1"), event);
  hear(kGemini->remove_file("files/b-1"), event);
  hear(kGemini->check_account(), event);
  hear(kGemini->check_model({"default", "generateContent", "m"}), event);
  hear(kGemini->check_reference("files/b-1"), event);
  hear(kGemini->check_reference("cachedContents/c"), event);
  if (const auto reference = kGemini->reference(event.body))
    CHECK(proto::is_file_name(*reference) || proto::is_cache_name(*reference));
  for (const auto& [line, words] : proto::named_lines(event.body)) CHECK(line > 0 && !words.empty());
  if (const auto target = proto::session_target(event.body)) CHECK(proto::is_session_target(*target));
  if (const auto time = proto::parse_rfc3339(event.body)) CHECK(proto::parse_rfc3339(proto::rfc3339(*time)) == time);
  return 0;
}
