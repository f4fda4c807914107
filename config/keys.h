// The table of keys. To add a key: a member with its default in config.h, and one line in keys.cpp.
// The reader, the environment overrides, the printer and the hints for misspelt names all work from this table.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/config.h"

namespace batchd::config {

// Where a key's value is, and which values it may have. The pointers point into the section that keys_of() was given.
struct TextSlot {
  std::string* value;
};
struct FlagSlot {
  bool* value;
};
struct ModeSlot {
  int* value;  // a file's permissions, written as an octal string
};
struct CountSlot {
  std::int64_t* value;
  std::int64_t min, max;
};
struct SizeSlot {
  std::int64_t* value;
  std::int64_t min, max;
};
struct TimeSlot {
  Duration* value;
  Duration min, max;
};
struct ChoiceSlot {
  std::vector<std::string_view> names;
  std::function<std::size_t()> get;  // index into names
  std::function<void(std::size_t)> set;
};
using Slot = std::variant<TextSlot, FlagSlot, ModeSlot, CountSlot, SizeSlot, TimeSlot, ChoiceSlot>;

struct Key {
  std::string_view name;
  Slot slot;
  std::string_view comment;
};

std::vector<Key> keys_of(Server& section);
std::vector<Key> keys_of(Store& section);
std::vector<Key> keys_of(Account& section);
std::vector<Key> keys_of(core::PackLimits& section);
std::vector<Key> keys_of(EnqueuedTokens& section);
std::vector<Key> keys_of(Submission& section);
std::vector<Key> keys_of(Polling& section);
std::vector<Key> keys_of(Retry& section);
std::vector<Key> keys_of(Retention& section);
std::vector<Key> keys_of(Limits& section);
std::vector<Key> keys_of(Log& section);

// The sections with fixed names, so without [accounts.NAME], in the order in which they are printed.
struct Section {
  std::string_view name;
  std::string_view comment;
  std::vector<Key> keys;
};
std::vector<Section> sections_of(Config& config);

// The TOML type of a value in the file.
enum class Written : std::uint8_t { string, integer, boolean };
Written written_as(const Slot& slot);

// Sets the value. Returns what is wrong with the text; nullopt if the value was set.
std::optional<std::string> assign(const Slot& slot, std::string_view text);
std::string current_text(const Slot& slot);  // the value as assign() reads it

// Returns the one of `names` that is most similar to `name`; empty if none is similar.
std::string nearest_name(std::string_view name, const std::vector<std::string>& names);

}  // namespace batchd::config
