#include "proto/rfc3339.h"

#include <chrono>
#include <cstdio>

namespace batchd::proto {
namespace {

namespace chrono = std::chrono;

// What is left of a text, taken from the front. After the first thing that isn't there, nothing is there any more.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  int digits(std::size_t count) {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) value = value * 10 + digit();
    return value;
  }
  void mark(char lower, char upper) {
    if (next() == lower || next() == upper) return rest_.remove_prefix(1);
    fail();
  }
  void mark(char c) { mark(c, c); }
  char next() const { return rest_.empty() ? '\0' : rest_[0]; }
  bool at_digit() const { return next() >= '0' && next() <= '9'; }
  bool whole() const { return good_ && rest_.empty(); }

 private:
  int digit() {
    if (!at_digit()) {
      fail();
      return 0;
    }
    const int value = rest_[0] - '0';
    rest_.remove_prefix(1);
    return value;
  }
  void fail() {
    good_ = false;
    rest_ = {};
  }

  std::string_view rest_;
  bool good_ = true;
};

chrono::milliseconds fraction(Cursor& in) {
  if (in.next() != '.') return {};
  in.mark('.');
  int milliseconds = in.digits(1) * 100;
  for (const int unit : {10, 1})
    if (in.at_digit()) milliseconds += in.digits(1) * unit;
  while (in.at_digit()) in.digits(1);
  return chrono::milliseconds(milliseconds);
}

// None: no such offset.
std::optional<chrono::minutes> offset(Cursor& in) {
  if (in.next() != '+' && in.next() != '-') {
    in.mark('z', 'Z');
    return chrono::minutes(0);
  }
  const int sign = in.next() == '-' ? -1 : 1;
  in.mark('+', '-');
  const int hours = in.digits(2);
  in.mark(':');
  const int minutes = in.digits(2);
  if (hours > 23 || minutes > 59) return std::nullopt;
  return chrono::minutes(sign * (60 * hours + minutes));
}

}  // namespace

std::string rfc3339(core::WallTime time) {
  const auto day = chrono::floor<chrono::days>(time);
  const chrono::year_month_day date(day);
  const chrono::hh_mm_ss clock(time - day);
  char text[48];
  const int length =
      std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                    static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                    static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return std::string(text, static_cast<std::size_t>(length));
}

std::optional<core::WallTime> parse_rfc3339(std::string_view text) {
  Cursor in(text);
  const chrono::year year(in.digits(4));
  in.mark('-');
  const chrono::month month(static_cast<unsigned>(in.digits(2)));
  in.mark('-');
  const chrono::day day(static_cast<unsigned>(in.digits(2)));
  in.mark('t', 'T');
  const int hours = in.digits(2);
  in.mark(':');
  const int minutes = in.digits(2);
  in.mark(':');
  const int seconds = in.digits(2);
  const auto milliseconds = fraction(in);
  const auto from_utc = offset(in);
  const chrono::year_month_day date(year, month, day);
  // A 60th second is a leap second: the next one, to a clock that has none.
  if (!in.whole() || !from_utc || !date.ok() || hours > 23 || minutes > 59 || seconds > 60) return std::nullopt;
  return chrono::sys_days(date) + chrono::hours(hours) + chrono::minutes(minutes) + chrono::seconds(seconds) +
         milliseconds - *from_utc;
}

}  // namespace batchd::proto
