#include "proto/gemini/retry_after.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <string>

namespace batchd::proto {
namespace {

using core::Duration;

// More seconds than this are read as this many: whoever waits has a bound of its own.
constexpr std::int64_t kRetrySecondsMax = 10LL * 365 * 24 * 3600;

bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<std::int64_t> seconds_of(std::string_view digits) {
  if (!all_digits(digits)) return std::nullopt;
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
  return error == std::errc{} ? std::min(seconds, kRetrySecondsMax) : kRetrySecondsMax;
}

// Reads "34s" and "34.5s", as JSON has a google.protobuf.Duration; what is finer than a millisecond is dropped.
std::optional<Duration> duration_of(std::string_view text) {
  if (!text.ends_with('s')) return std::nullopt;
  text.remove_suffix(1);
  if (text.starts_with('-')) return Duration::zero();
  const auto point = text.find('.');
  const auto seconds = seconds_of(text.substr(0, point));
  if (!seconds) return std::nullopt;
  Duration duration = std::chrono::seconds(*seconds);
  if (point == std::string_view::npos) return duration;
  auto fraction = std::string(text.substr(point + 1));
  if (!all_digits(fraction)) return std::nullopt;
  fraction.resize(3, '0');
  return duration + Duration(*seconds_of(fraction));
}

// Reads the form of dates that HTTP has today: "Sun, 06 Nov 1994 08:49:37 GMT".
std::optional<std::chrono::sys_seconds> http_date(std::string_view text) {
  constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != 29 || !text.ends_with(" GMT") || text[3] != ',' || text[19] != ':' || text[22] != ':')
    return std::nullopt;
  const auto day = seconds_of(text.substr(5, 2)), year = seconds_of(text.substr(12, 4));
  const auto hour = seconds_of(text.substr(17, 2)), minute = seconds_of(text.substr(20, 2)),
             second = seconds_of(text.substr(23, 2));
  const auto month = std::ranges::find(months, text.substr(8, 3));
  if (!day || !year || !hour || !minute || !second || month == months.end()) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(static_cast<unsigned>(month - months.begin()) + 1),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second);
}

}  // namespace

std::optional<Duration> retry_delay(const JsonValue& error) {
  const auto* details = member(&error, "details");
  if (details == nullptr || !details->IsArray()) return std::nullopt;
  std::optional<Duration> longest;
  for (const auto& detail : details->GetArray()) {
    if (!text_member(&detail, "@type").ends_with("google.rpc.RetryInfo")) continue;
    if (const auto delay = duration_of(text_member(&detail, "retryDelay"))) longest = std::max(longest, delay);
  }
  return longest;
}

std::optional<Duration> retry_after(const core::HttpEvent& answer) {
  const auto text = answer.header("Retry-After");
  if (const auto seconds = seconds_of(text)) return std::chrono::seconds(*seconds);
  const auto until = http_date(text);
  const auto now = http_date(answer.header("Date"));
  if (!until || !now) return std::nullopt;
  return std::max<Duration>(Duration::zero(), *until - *now);
}

}  // namespace batchd::proto
