#include "proto/api_submission.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/limits.h"
#include "proto/control_document.h"
#include "proto/gemini_names.h"
#include "proto/json/members.h"
#include "proto/json/validator.h"

namespace batchd::proto {
namespace {

constexpr std::int64_t kTokensPerMedia = 258;  // one image tile; what else there is costs more
constexpr std::int64_t kTextBytesPerToken = 4;
constexpr std::size_t kShortNameBytesMax = 64;  // of accounts and endpoints

enum Which : std::size_t { kModel, kKey, kAccount, kEndpoint, kRequest };
constexpr std::array<std::string_view, 5> kNames{"model", "key", "account", "endpoint", "request"};
constexpr std::array<std::size_t, 4> kTextBytesMax{core::kModelBytesMax + std::string_view("models/").size(),
                                                   core::kClientKeyBytesMax, kShortNameBytesMax, kShortNameBytesMax};

bool is_one_of(char c, std::string_view more) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || more.find(c) != std::string_view::npos;
}

bool is_model(std::string_view model) {
  return !model.empty() && model.size() <= core::kModelBytesMax &&
         model.find_first_not_of('.') != std::string_view::npos &&
         std::ranges::all_of(model, [](char c) { return is_one_of(c, "._-") || (c >= 'A' && c <= 'Z'); });
}

bool is_account(std::string_view account) {
  return !account.empty() && std::ranges::all_of(account, [](char c) { return is_one_of(c, "_-"); });
}

}  // namespace

struct SubmissionReader::Impl : json::MemberHandler {
  bool fail(std::string code, std::string detail, int status = 400) {
    if (faulty) return false;
    fault = {.status = status, .code = std::move(code), .detail = std::move(detail)};
    faulty = true;
    return false;
  }

  bool fail_json() {
    const auto& found = validator.fault();
    fail("bad_json", "not JSON at byte " + std::to_string(found.offset) + ": " + found.what);
    fault.offset = found.offset;
    return false;
  }

  bool feed(std::string_view fragment, std::string& request_out) {
    if (faulty) return false;
    if (!validator.feed(fragment)) return fail_json();
    out = &request_out;
    if (!members.feed(fragment)) fail("not_an_object", "the body must be one JSON object");
    return !faulty;
  }

  // json::MemberHandler. After a fault the rest of the fragment passes by.
  void member(std::string_view name, std::uint64_t) override {
    const auto found = std::ranges::find(kNames, name);
    if (found == kNames.end()) {
      fail("unknown_member", "there is no member \"" + bounded_text(name, 64) + "\" in a request");
      which = kNames.size();
      return;
    }
    which = static_cast<std::size_t>(found - kNames.begin());
    if (std::exchange(seen[which], true)) fail("duplicate_member", "\"" + std::string(name) + "\" is there twice");
  }

  void value(std::string_view fragment) override {
    if (faulty) return;
    if (which == kRequest) return request_bytes_of(fragment);
    auto& kept = raw[which];
    // Every character may be escaped in six bytes.
    if (kept.size() + fragment.size() > 6 * kTextBytesMax[which] + 2)
      fail("bad_" + std::string(kNames[which]), "\"" + std::string(kNames[which]) + "\" is too long");
    else
      kept += fragment;
  }

  void end_value(std::uint64_t) override {}

  void request_bytes_of(std::string_view fragment) {
    if (request_bytes == 0 && fragment[0] != '{') {
      fail("bad_request", "\"request\" must be an object");
      return;
    }
    request_bytes += static_cast<std::int64_t>(fragment.size());
    if (request_bytes > core::kRequestBytesMax) {
      fail("too_large", "a request has at most " + std::to_string(core::kRequestBytesMax) + " bytes", 413);
      return;
    }
    const auto start = out->size();
    *out += fragment;
    // Outside of strings, where alone they can stand, newlines mean nothing.
    for (const char newline : {'\n', '\r'})
      for (auto at = out->find(newline, start); at != std::string::npos; at = out->find(newline, at + 1))
        (*out)[at] = ' ';
  }

  // The text of a string member; `otherwise` if it wasn't there.
  std::string text_of(Which member, std::string otherwise) {
    if (!seen[member]) return otherwise;
    const std::string name(kNames[member]);
    std::string text;
    if (!json::unescape(raw[member], text))
      fail("bad_" + name, "\"" + name + "\" must be a string");
    else if (text.size() > kTextBytesMax[member])
      fail("bad_" + name, "\"" + name + "\" has more than " + std::to_string(kTextBytesMax[member]) + " bytes");
    text_bytes += static_cast<std::int64_t>(text.size());
    return text;
  }

  std::optional<Submission> finish() {
    if (!faulty && !validator.finish()) fail_json();
    if (!faulty && !members.finish()) fail("not_an_object", "the body must be one JSON object");
    for (const auto needed : {kModel, kRequest})
      if (!seen[needed]) fail("missing_member", "\"" + std::string(kNames[needed]) + "\" is missing");
    if (faulty) return std::nullopt;

    Submission submission;
    submission.model = text_of(kModel, "");
    submission.key = text_of(kKey, "");
    submission.account = text_of(kAccount, submission.account);
    submission.endpoint = text_of(kEndpoint, submission.endpoint);
    if (submission.model.starts_with("models/")) submission.model.erase(0, std::string_view("models/").size());
    if (!is_model(submission.model)) fail("bad_model", "\"model\" must be a model's name");
    if (!is_account(submission.account)) fail("bad_account", "\"account\" must be the name of a configured account");
    if (submission.endpoint != "generateContent") fail("bad_endpoint", "\"endpoint\" can only be generateContent");
    if (faulty) return std::nullopt;

    const auto census = validator.census();
    const auto request_text = static_cast<std::int64_t>(census.text_bytes) - text_bytes;
    submission.tokens =
        request_text / kTextBytesPerToken + kTokensPerMedia * static_cast<std::int64_t>(census.media_parts) + 1;
    return submission;
  }

  json::Validator validator{{.depth_max = core::kJsonDepthMax, .plain_numbers = false}};
  json::MemberScan members{*this};
  std::size_t which = kNames.size();
  std::array<bool, kNames.size()> seen{};
  std::array<std::string, kTextBytesMax.size()> raw;
  std::int64_t request_bytes = 0;
  std::int64_t text_bytes = 0;  // of the members beside the request
  std::string* out = nullptr;
  bool faulty = false;
  SubmissionFault fault;
};

SubmissionReader::SubmissionReader() : impl_(std::make_unique<Impl>()) {}
SubmissionReader::~SubmissionReader() = default;
SubmissionReader::SubmissionReader(SubmissionReader&&) noexcept = default;
SubmissionReader& SubmissionReader::operator=(SubmissionReader&&) noexcept = default;

bool SubmissionReader::feed(std::string_view fragment, std::string& request_out) {
  return impl_->feed(fragment, request_out);
}
std::optional<Submission> SubmissionReader::finish() { return impl_->finish(); }
const SubmissionFault& SubmissionReader::fault() const { return impl_->fault; }

core::Result<std::string> parse_adopt(std::string_view body) {
  const auto document = ControlDocument::parse(body);
  if (!document || document->root().MemberCount() != 1)
    return core::Error{core::Errc::invalid, "the body must be {\"job\": \"batches/...\"}"};
  auto job = text_member(&document->root(), "job");
  if (!is_job_name(job)) return core::Error{core::Errc::invalid, "\"job\" must be a job's name: batches/..."};
  return job;
}

}  // namespace batchd::proto
