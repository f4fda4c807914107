#include "proto/api/options.h"

#include <algorithm>
#include <array>

#include "core/limits.h"
#include "core/units.h"
#include "proto/json/utf8.h"
#include "proto/rfc3339.h"

namespace batchd::proto {
namespace {

constexpr std::size_t kShortTextBytesMax = 64;                            // of accounts, endpoints and deadlines
constexpr std::size_t kModelTextBytesMax = core::kModelBytesMax + 7;      // with a prefix that its provider leaves out
constexpr core::Duration kDeadlineMax = std::chrono::hours(24) * 36'500;  // its sum with the time now doesn't overflow

bool is_one_of(char c, std::string_view more) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || more.find(c) != std::string_view::npos;
}

bool set_model(Submission& submission, std::string_view text) {
  submission.model = text;
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~' && c != '"' && c != '\'' && c != '\\'; });
}

bool set_key(Submission& submission, std::string_view text) {
  submission.key = text;
  return true;
}

bool set_account(Submission& submission, std::string_view text) {
  submission.account = text;
  return !text.empty() && std::ranges::all_of(text, [](char c) { return is_one_of(c, "_-"); });
}

bool set_endpoint(Submission& submission, std::string_view text) {
  submission.endpoint = text;
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return is_one_of(c, "/_.:-") || (c >= 'A' && c <= 'Z'); });
}

bool set_channel(Submission& submission, std::string_view text) {
  submission.channel = text;
  return is_channel_name(text);
}

bool set_deadline(Submission& submission, std::string_view text) {
  Deadline deadline{.at = parse_rfc3339(text)};
  if (!deadline.at) {
    const auto in = core::parse_duration(text);
    if (!in || *in > kDeadlineMax) return false;
    deadline.in = *in;
  }
  submission.deadline = deadline;
  return true;
}

bool set_on_deadline(Submission& submission, std::string_view text) {
  submission.fail_at_deadline = text == "fail";
  return text == "fail" || text == "keep";
}

struct Option {
  std::string_view name;
  std::size_t bytes_max;
  bool (*set)(Submission& submission, std::string_view text);
  std::string_view rule;
};

constexpr std::array<Option, 7> kOptions{{
    {"model", kModelTextBytesMax, set_model, "must be a model's name"},
    {"key", core::kClientKeyBytesMax, set_key, "can't be"},
    {"account", kShortTextBytesMax, set_account, "must be the name of a configured account"},
    {"endpoint", kShortTextBytesMax, set_endpoint, "must be an endpoint of the account's provider"},
    {"channel", core::kChannelBytesMax, set_channel,
     "must be 1 to 128 bytes of UTF-8 without control characters and \"/\""},
    {"deadline", kShortTextBytesMax, set_deadline,
     "must be a time with its zone (\"2026-11-22T15:04:00Z\") or a duration from now (\"90m\")"},
    {"on_deadline", kShortTextBytesMax, set_on_deadline, "can be keep or fail"},
}};

SubmissionFault option_fault(std::string_view name, std::string_view words) {
  const std::string text(name);
  return {.status = 400, .code = "bad_" + text, .detail = '"' + text + "\" " + std::string(words)};
}

}  // namespace

bool is_channel_name(std::string_view name) {
  const auto forbidden = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '/'; };
  return !name.empty() && name.size() <= core::kChannelBytesMax && std::ranges::none_of(name, forbidden) &&
         !json::find_not_utf8(name);
}

std::size_t option_bytes_max(std::string_view name) {
  const auto found = std::ranges::find(kOptions, name, &Option::name);
  return found == kOptions.end() ? 0 : found->bytes_max;
}

std::optional<SubmissionFault> set_option(Submission& submission, std::string_view name, std::string_view text) {
  const auto found = std::ranges::find(kOptions, name, &Option::name);
  if (found == kOptions.end()) return option_fault(name, "can't be set");
  if (text.size() > found->bytes_max)
    return option_fault(name, "has more than " + std::to_string(found->bytes_max) + " bytes");
  if (!found->set(submission, text)) return option_fault(name, found->rule);
  return std::nullopt;
}

std::optional<SubmissionFault> check_options(const Submission& submission) {
  if (submission.fail_at_deadline && !submission.deadline) return option_fault("on_deadline", "needs a \"deadline\"");
  return std::nullopt;
}

}  // namespace batchd::proto
