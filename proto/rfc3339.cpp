#include "proto/rfc3339.h"

#include <chrono>

namespace batchd::proto {
namespace {

// Takes fixed-width fields off the front of a text. Once one is missing, all that follow are taken as missing.
class Fields {
 public:
  explicit Fields(std::string_view text) : rest_(text) {}

  int number(std::size_t digits) {
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (!good_ || rest_.empty() || rest_[0] < '0' || rest_[0] > '9') return fail();
      value = value * 10 + (rest_[0] - '0');
      rest_.remove_prefix(1);
    }
    return value;
  }
  char one_of(std::string_view wanted) {
    if (!good_ || rest_.empty() || wanted.find(rest_[0]) == std::string_view::npos) return static_cast<char>(fail());
    const char found = rest_[0];
    rest_.remove_prefix(1);
    return found;
  }
  bool next_is(char c) const { return good_ && rest_.starts_with(c); }
  bool next_is_digit() const { return good_ && !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9'; }
  bool finished() const { return good_ && rest_.empty(); }

 private:
  int fail() {
    good_ = false;
    return 0;
  }
  std::string_view rest_;
  bool good_ = true;
};

int milliseconds(Fields& fields) {
  if (!fields.next_is('.')) return 0;
  fields.one_of(".");
  int value = fields.number(1) * 100;
  for (int place = 10; fields.next_is_digit(); place /= 10) value += fields.number(1) * place;
  return value;
}

// Returns the minutes east of Greenwich, nullopt if there is no such zone.
std::optional<int> zone(Fields& fields) {
  const char sign = fields.one_of("Zz+-");
  if (sign == 'Z' || sign == 'z') return 0;
  const int hours = fields.number(2);
  fields.one_of(":");
  const int minutes = fields.number(2);
  if (hours > 23 || minutes > 59) return std::nullopt;
  return (sign == '-' ? -1 : 1) * (hours * 60 + minutes);
}

// Appends `value` in decimal with leading zeros; printf would take most of the time of answering an acknowledgement.
void append_number(std::string& out, unsigned value, std::size_t digits) {
  out.append(digits, '0');
  for (auto at = out.end(); digits-- > 0; value /= 10) *--at = static_cast<char>('0' + value % 10);
}

}  // namespace

std::string rfc3339(core::WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  const int year = static_cast<int>(date.year());
  std::string text;
  text.reserve(std::string_view("-12345-12-31T23:59:59.999Z").size());
  if (year < 0) text += '-';
  const auto years = static_cast<unsigned>(year < 0 ? -year : year);
  append_number(text, years, years > 9999 ? 5 : 4);
  text += '-';
  append_number(text, static_cast<unsigned>(date.month()), 2);
  text += '-';
  append_number(text, static_cast<unsigned>(date.day()), 2);
  text += 'T';
  append_number(text, static_cast<unsigned>(clock.hours().count()), 2);
  text += ':';
  append_number(text, static_cast<unsigned>(clock.minutes().count()), 2);
  text += ':';
  append_number(text, static_cast<unsigned>(clock.seconds().count()), 2);
  text += '.';
  append_number(text, static_cast<unsigned>(clock.subseconds().count()), 3);
  text += 'Z';
  return text;
}

std::optional<core::WallTime> parse_rfc3339(std::string_view text) {
  Fields fields(text);
  const int year = fields.number(4);
  fields.one_of("-");
  const int month = fields.number(2);
  fields.one_of("-");
  const int day = fields.number(2);
  fields.one_of("Tt ");
  const int hour = fields.number(2);
  fields.one_of(":");
  const int minute = fields.number(2);
  fields.one_of(":");
  const int second = fields.number(2);  // 60 is a leap second, here the first second of the next minute
  const int millisecond = milliseconds(fields);
  const auto east = zone(fields);
  const std::chrono::year_month_day date(std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (!fields.finished() || !east || !date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return core::WallTime(std::chrono::sys_days(date)) + std::chrono::hours(hour) + std::chrono::minutes(minute - *east) +
         std::chrono::seconds(second) + std::chrono::milliseconds(millisecond);
}

}  // namespace batchd::proto
