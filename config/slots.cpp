#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>

#include "config/keys.h"
#include "config/units.h"

namespace batchd::config {
namespace {

using Complaint = std::optional<std::string>;

constexpr int kModeMax = 0777;

Complaint assign_to(const TextSlot& slot, std::string_view text) {
  if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
    return "must not contain control characters";
  *slot.value = text;
  return {};
}

Complaint assign_to(const FlagSlot& slot, std::string_view text) {
  if (text != "true" && text != "false") return "must be true or false";
  *slot.value = text == "true";
  return {};
}

Complaint assign_to(const ModeSlot& slot, std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 8);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0 || value > kModeMax)
    return "must be an octal mode such as \"0660\"";
  *slot.value = value;
  return {};
}

Complaint assign_to(const CountSlot& slot, std::string_view text) {
  const auto value = parse_count(text);
  if (!value) return "must be a whole number";
  if (*value < slot.min || *value > slot.max)
    return "must be between " + std::to_string(slot.min) + " and " + std::to_string(slot.max);
  *slot.value = *value;
  return {};
}

Complaint assign_to(const SizeSlot& slot, std::string_view text) {
  const auto value = parse_size(text);
  if (!value) return "must be a size with a unit, such as \"64KiB\" or \"1GiB\"";
  if (*value < slot.min || *value > slot.max)
    return "must be between " + size_text(slot.min) + " and " + size_text(slot.max);
  *slot.value = *value;
  return {};
}

Complaint assign_to(const TimeSlot& slot, std::string_view text) {
  const auto value = parse_duration(text);
  if (!value) return "must be a time with a unit, such as \"500ms\", \"60s\", \"15m\" or \"48h\"";
  if (*value < slot.min || *value > slot.max)
    return "must be between " + duration_text(slot.min) + " and " + duration_text(slot.max);
  *slot.value = *value;
  return {};
}

Complaint assign_to(const ChoiceSlot& slot, std::string_view text) {
  const auto found = std::ranges::find(slot.names, text);
  if (found != slot.names.end()) {
    slot.set(static_cast<std::size_t>(found - slot.names.begin()));
    return {};
  }
  std::string known;
  for (const auto& name : slot.names) known += (known.empty() ? "\"" : ", \"") + std::string(name) + '"';
  return "must be one of " + known;
}

std::string text_of(const TextSlot& slot) { return *slot.value; }
std::string text_of(const FlagSlot& slot) { return *slot.value ? "true" : "false"; }
std::string text_of(const ModeSlot& slot) {
  std::string text = "0000";
  for (int i = 3, rest = *slot.value; i > 0; --i, rest >>= 3)
    text[static_cast<std::size_t>(i)] = static_cast<char>('0' + (rest & 7));
  return text;
}
std::string text_of(const CountSlot& slot) { return std::to_string(*slot.value); }
std::string text_of(const SizeSlot& slot) { return size_text(*slot.value); }
std::string text_of(const TimeSlot& slot) { return duration_text(*slot.value); }
std::string text_of(const ChoiceSlot& slot) { return std::string(slot.names[slot.get()]); }

// Returns the Levenshtein distance: how many characters are inserted, removed or replaced from one to the other.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

Written written_as(const Slot& slot) {
  if (std::holds_alternative<FlagSlot>(slot)) return Written::boolean;
  return std::holds_alternative<CountSlot>(slot) ? Written::integer : Written::string;
}

std::optional<std::string> assign(const Slot& slot, std::string_view text) {
  return std::visit([&](const auto& concrete) { return assign_to(concrete, text); }, slot);
}

std::string current_text(const Slot& slot) {
  return std::visit([](const auto& concrete) { return text_of(concrete); }, slot);
}

std::string nearest_name(std::string_view name, const std::vector<std::string>& names) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, name.size() / 3) + 1;
  for (const auto& candidate : names) {
    const auto distance = edit_distance(name, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace batchd::config
