#include "daemon/api/calls.h"

#include <algorithm>
#include <charconv>

#include "core/limits.h"
#include "daemon/api/reply.h"

namespace batchd::daemon {
namespace {

constexpr std::string_view kIdempotencyKey = "idempotency-key", kAccountHeader = "x-batchd-account";

bool is_idempotency_key(std::string_view key) {
  const auto printable = [](char c) { return c > ' ' && c <= '~'; };
  return !key.empty() && key.size() <= core::kIdempotencyKeyBytesMax && std::ranges::all_of(key, printable);
}

}  // namespace

std::optional<Problem> check_parameters(const RequestHead& head, std::initializer_list<std::string_view> known) {
  for (std::size_t i = 0; i < head.query.size(); ++i) {
    const auto& name = head.query[i].first;
    if (std::ranges::find(known, name) == known.end())
      return make_problem(400, "unknown_parameter", "this call has no parameter \"" + name.substr(0, 64) + '"');
    for (std::size_t j = 0; j < i; ++j)
      if (head.query[j].first == name)
        return make_problem(400, "duplicate_parameter", "the parameter \"" + name + "\" is there twice");
  }
  return std::nullopt;
}

std::optional<std::int64_t> number_parameter(const RequestHead& head, std::string_view name, std::int64_t otherwise,
                                             std::int64_t min, std::int64_t max) {
  const auto text = head.query_value(name);
  if (!text) return otherwise;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{} || end != text->data() + text->size() || value < min || value > max) return std::nullopt;
  return value;
}

std::optional<core::Duration> wait_parameter(const RequestHead& head) {
  const auto seconds = number_parameter(head, "wait", 0, 0, INT64_MAX);
  if (!seconds) return std::nullopt;
  constexpr auto kSecondsMax = std::chrono::duration_cast<std::chrono::seconds>(kWaitMax).count();
  return std::chrono::seconds(std::min<std::int64_t>(*seconds, kSecondsMax));
}

core::Duration interim_period(const RequestHead& head, core::Duration period, std::string_view client) {
  if (const auto wish = head.header("x-batchd-interim"); !wish.empty())
    return wish == "yes" ? period : core::Duration::zero();
  const auto agent = head.header("user-agent");
  constexpr std::string_view kNodeSdk = "gl-node/";
  const bool node = agent == "node" || agent == "undici" || agent.find(kNodeSdk) != agent.npos ||
                    client.find(kNodeSdk) != client.npos;
  return node ? period : core::Duration::zero();
}

std::optional<Problem> check_safety_headers(const RequestHead& head) {
  int keys = 0, accounts = 0;
  for (const auto& [name, value] : head.headers) {
    if (name == kIdempotencyKey) {
      ++keys;
      if (!is_idempotency_key(value))
        return make_problem(400, "bad_idempotency_key",
                            "an Idempotency-Key has 1 to 255 printable ASCII characters without spaces", false,
                            value.empty() ? "it is empty: give it a value, or leave the header out" : "");
    } else if (name == kAccountHeader) {
      ++accounts;
      if (value.empty())
        return make_problem(400, "bad_account", "X-Batchd-Account is empty", false,
                            "name an account, or leave the header out");
    }
  }
  if (keys > 1) return make_problem(400, "bad_idempotency_key", "there is more than one Idempotency-Key");
  if (accounts > 1) return make_problem(400, "bad_account", "there is more than one X-Batchd-Account");
  return std::nullopt;
}

std::string idempotency_key(const RequestHead& head) { return std::string(head.header(kIdempotencyKey)); }

std::optional<Problem> account_header_unread(const RequestHead& head) {
  if (head.header(kAccountHeader).empty()) return std::nullopt;
  return make_problem(400, "bad_account", "X-Batchd-Account is read in the provider's own calls only", false,
                      "leave it out, and name the account by \"account\"");
}

}  // namespace batchd::daemon
