// Submissions: they are read the same however the bytes are cut, and the request is one line of JSON.
#include <string>

#include "core/provider.h"
#include "proto/api/submission.h"
#include "proto/cursor.h"
#include "proto/json/validator.h"
#include "tests/fuzz/fuzz.h"

using namespace batchd;
using proto::SubmissionReader;

namespace {

struct Reading {
  std::optional<proto::Submission> submission;
  std::string request, code;
};

const core::RequestRules kUsual{.media = {{"data", ""}}, .dropped = {}};
const core::RequestRules kOther{.media = {{"url", "data:"}}, .dropped = {"stream"}};

SubmissionReader reader_of(bool line, const core::RequestRules& usual) {
  if (line) return SubmissionReader(usual);
  return SubmissionReader(usual, [](const std::string& account, const std::string& endpoint) {
    return account == "default" && endpoint.empty() ? &kUsual : account == "other" ? &kOther : nullptr;
  });
}

Reading read_whole(std::string_view bytes, bool line, const core::RequestRules& usual) {
  auto reader = reader_of(line, usual);
  Reading reading;
  if (reader.feed(bytes, reading.request)) reading.submission = reader.finish();
  if (!reading.submission) reading.code = reader.fault().code;
  return reading;
}

Reading read_cut(std::string_view bytes, bool line, const core::RequestRules& usual) {
  auto reader = reader_of(line, usual);
  Reading reading;
  const bool fed =
      fuzz::in_fragments(bytes, [&](std::string_view fragment) { return reader.feed(fragment, reading.request); });
  if (fed) reading.submission = reader.finish();
  if (!reading.submission) reading.code = reader.fault().code;
  return reading;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = fuzz::text(data, size);
  for (const auto& [line, usual] : {std::pair(false, &kUsual), {false, &kOther}, {true, &kUsual}, {true, &kOther}}) {
    const auto whole = read_whole(bytes, line, *usual);
    const auto cut = read_cut(bytes, line, *usual);
    CHECK(whole.submission.has_value() == cut.submission.has_value());
    // Which of several faults is named may depend on the cuts.
    CHECK(whole.code.empty() == whole.submission.has_value() && cut.code.empty() == whole.code.empty());
    if (!whole.submission) continue;
    CHECK(whole.request == cut.request && whole.submission->key == cut.submission->key);
    CHECK(whole.submission->model == cut.submission->model && whole.submission->tokens == cut.submission->tokens);
    CHECK(whole.submission->tokens > 0);
    CHECK(whole.request.starts_with('{') && whole.request.find('\n') == std::string::npos);
    CHECK(json::validate(whole.request, {}));
  }
  proto::parse_acknowledgement(bytes);
  proto::parse_adopt(bytes);
  if (const auto cursor = proto::parse_cursor(bytes))
    CHECK(proto::cursor_text(cursor->installation, cursor->completion) == bytes);
  return 0;
}
