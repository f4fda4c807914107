#include "core/units.h"

#include <array>
#include <charconv>
#include <limits>
#include <span>

namespace batchd::core {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
  bool shown = true;
};

// Largest first: the printers take the first unit that divides the value.
constexpr std::array kTimes{Unit{"d", 86'400'000}, Unit{"h", 3'600'000}, Unit{"m", 60'000}, Unit{"s", 1000},
                            Unit{"ms", 1}};
constexpr std::array kSizes{Unit{"TiB", std::int64_t{1} << 40},
                            Unit{"TB", 1'000'000'000'000},
                            Unit{"GiB", 1 << 30},
                            Unit{"GB", 1'000'000'000},
                            Unit{"MiB", 1 << 20},
                            Unit{"MB", 1'000'000},
                            Unit{"KiB", 1 << 10},
                            Unit{"KB", 1000},
                            Unit{"kB", 1000, false},
                            Unit{"B", 1}};

std::optional<std::int64_t> parse_with_unit(std::string_view text, std::span<const Unit> units) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number < 0) return std::nullopt;
  auto name = text.substr(static_cast<std::size_t>(end - text.data()));
  if (name.starts_with(' ')) name.remove_prefix(1);
  for (const auto& unit : units) {
    if (unit.name != name) continue;
    if (number > std::numeric_limits<std::int64_t>::max() / unit.factor) return std::nullopt;
    return number * unit.factor;
  }
  return std::nullopt;
}

std::string text_with_unit(std::int64_t value, std::span<const Unit> units) {
  for (const auto& unit : units)
    if (unit.shown && value != 0 && value % unit.factor == 0)
      return std::to_string(value / unit.factor) + std::string(unit.name);
  return std::to_string(value) + std::string(units.back().name);
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  const auto ms = parse_with_unit(text, kTimes);
  if (!ms) return std::nullopt;
  return Duration(*ms);
}

std::optional<std::int64_t> parse_size(std::string_view text) { return parse_with_unit(text, kSizes); }

std::optional<std::int64_t> parse_count(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string duration_text(Duration duration) { return text_with_unit(duration.count(), kTimes); }
std::string size_text(std::int64_t bytes) { return text_with_unit(bytes, kSizes); }

}  // namespace batchd::core
