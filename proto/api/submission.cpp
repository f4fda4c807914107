#include "proto/api/submission.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "core/limits.h"
#include "proto/api/foreign.h"
#include "proto/api/labels.h"
#include "proto/api/request.h"
#include "proto/control_document.h"
#include "proto/json/members.h"
#include "proto/json/validator.h"

namespace batchd::proto {
namespace {

// The members of both forms come first, then those that a line may not have.
constexpr std::array<std::string_view, 9> kNames{"request", "key",      "model",       "account", "endpoint",
                                                 "channel", "deadline", "on_deadline", "labels"};
constexpr std::size_t kRequest = 0, kModel = 2, kAccount = 3, kEndpoint = 4, kLabels = 8, kUnknown = kNames.size();
constexpr std::size_t kLineNames = 2;

// Returns the length limit of a member's raw value, all of which may be escaped.
std::size_t raw_bytes_max(std::size_t which) {
  return which == kLabels ? labels_text_bytes_max() : 6 * option_bytes_max(kNames[which]) + 2;
}

}  // namespace

struct SubmissionReader::Impl : json::MemberHandler {
  Impl(const core::RequestRules& usual, FindRules find) : is_line(!find), find_rules(std::move(find)), rules(&usual) {}

  bool fail(SubmissionFault found) {
    if (!std::exchange(faulty, true)) fault = std::move(found);
    return false;
  }
  bool fail(std::string code, std::string detail, int status = 400) {
    return fail(SubmissionFault{.status = status, .code = std::move(code), .detail = std::move(detail)});
  }

  bool fail_json() {
    const auto& found = validator.fault();
    const auto text = is_line ? "the line" : "the body";
    return fail({.code = "bad_json", .detail = json::not_json(found, text), .offset = found.offset});
  }

  bool fail_shape() {
    return fail("not_an_object", is_line ? "a line must be one JSON object" : "the body must be one JSON object");
  }

  bool feed(std::string_view fragment, std::string& request_out) {
    if (faulty) return false;
    if (!validator.feed(fragment)) return fail_json();
    out = &request_out;
    if (!members.feed(fragment)) fail_shape();
    return !faulty;
  }

  // Returns true if the member is there with a value. null is none: that is how many libraries write that a member is
  // absent.
  bool given(std::size_t member) const { return seen[member] && raw[member] != "null"; }

  // json::MemberHandler. After a fault the rest of the fragment is ignored.
  void member(std::string_view name, std::uint64_t) override {
    const auto known = std::span(kNames).first(is_line ? kLineNames : kNames.size());
    const auto found = std::ranges::find(known, name);
    which = found == known.end() ? kUnknown : static_cast<std::size_t>(found - known.begin());
    if (which == kUnknown)
      fail("unknown_member", unknown_member_words(name, is_line ? MemberOf::line : MemberOf::call));
    else if (std::exchange(seen[which], true))
      fail("duplicate_member", "\"" + std::string(name) + "\" is there twice");
    else if (which == kRequest)
      begin_request();
  }

  void begin_request() {
    if (const auto* found = rules_so_far(); found != nullptr) rules = found;
    request.emplace(*rules);
  }

  // Returns null if none are known, because the account or the endpoint doesn't exist, or isn't a string.
  const core::RequestRules* rules_so_far() const {
    std::string account = Submission().account, endpoint;
    if (is_line || (!given(kAccount) && !given(kEndpoint))) return nullptr;
    if (given(kAccount) && !json::unescape(raw[kAccount], account)) return nullptr;
    if (given(kEndpoint) && !json::unescape(raw[kEndpoint], endpoint)) return nullptr;
    return find_rules(account, endpoint);
  }

  void value(std::string_view fragment) override {
    if (faulty) return;
    if (which == kRequest) {
      if (!std::exchange(begun, true) && fragment[0] != '{')
        fail("bad_request", "\"request\" must be an object");
      else if (!request->feed(fragment, *out))
        fail(request->fault());
      return;
    }
    if (raw[which].size() + fragment.size() > raw_bytes_max(which))
      fail("bad_" + std::string(kNames[which]), "\"" + std::string(kNames[which]) + "\" is too long");
    else
      raw[which] += fragment;
  }

  void end_value(std::uint64_t) override {
    if (which == kRequest && !faulty && !request->finish(*out)) fail(request->fault());
  }

  void set_text(Submission& submission, std::size_t member) {
    const std::string name(kNames[member]);
    std::string text;
    if (!json::unescape(raw[member], text)) {
      fail("bad_" + name, "\"" + name + "\" must be a string");
      return;
    }
    if (auto found = set_option(submission, name, text)) fail(std::move(*found));
  }

  void set_labels(Submission& submission) {
    auto labels = parse_labels(raw[kLabels]);
    if (!labels) {
      fail("bad_labels", "\"labels\" must be an object of at most " + std::to_string(core::kLabelsMax) +
                             " strings, each name and each text of at most " + std::to_string(core::kLabelBytesMax) +
                             " bytes");
      return;
    }
    submission.labels = std::move(*labels);
  }

  std::optional<Submission> finish() {
    if (!faulty && !validator.finish()) fail_json();
    if (!faulty && !members.finish()) fail_shape();
    if (!is_line && !given(kModel)) fail("missing_member", "\"model\" is missing");
    if (!seen[kRequest]) fail("missing_member", "\"request\" is missing");
    Submission submission;
    for (std::size_t member = kRequest + 1; member < kLabels; ++member)
      if (given(member) && !faulty) set_text(submission, member);
    if (given(kLabels) && !faulty) set_labels(submission);
    if (auto found = check_options(submission)) fail(std::move(*found));
    if (const auto* found = rules_so_far(); found != nullptr && *found != *rules)
      fail("bad_account", R"("account" and "endpoint" must stand before "request" here)");
    if (faulty) return std::nullopt;
    submission.tokens = request->tokens();
    return submission;
  }

  const bool is_line;
  const FindRules find_rules;       // empty for a line
  const core::RequestRules* rules;  // for the request
  json::Validator validator{{.depth_max = core::kJsonDepthMax, .plain_numbers = false}};
  json::MemberScan members{*this};
  std::size_t which = kUnknown;
  std::array<bool, kNames.size()> seen{};
  std::array<std::string, kNames.size()> raw;  // values of all members except the request
  std::optional<RequestReader> request;        // set once the request has begun
  bool begun = false;                          // some of its bytes have come
  std::string* out = nullptr;
  bool faulty = false;
  SubmissionFault fault;
};

SubmissionReader::SubmissionReader(const core::RequestRules& usual, FindRules find_rules)
    : impl_(std::make_unique<Impl>(usual, std::move(find_rules))) {}
SubmissionReader::SubmissionReader(const core::RequestRules& rules) : impl_(std::make_unique<Impl>(rules, nullptr)) {}
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
    return core::Error{core::Errc::invalid, "the body must be {\"job\": \"NAME\"}"};
  auto job = text_member(&document->root(), "job");
  if (job.empty()) return core::Error{core::Errc::invalid, "\"job\" must be the name of a job"};
  return job;
}

}  // namespace batchd::proto
