// Writes small HTML by hand. Every text from outside must go through escape(): nothing here takes markup as text.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.h"

namespace batchd::proto::html {

// Returns the text as it may stand between tags and in quoted attributes. Control characters, except newline and tab,
// and broken UTF-8 become U+FFFD.
std::string escape(std::string_view text);

// Texts for people: "12,345", "1.5 GiB", "3 h 12 min" ("0 s" for a negative duration).
std::string count(std::int64_t number);
std::string bytes(std::int64_t bytes);
std::string duration(core::Duration duration);

struct Cell {
  std::string text = {};
  std::string_view style = {};  // a class of the style sheet: "num", "mono", "bad", ...
};
inline Cell number(std::int64_t value) { return {count(value), "num"}; }

// Appends a table with a heading; on narrow screens each row is a block whose cells are labelled with their column.
void append_table(std::string& out, const std::vector<std::string_view>& columns,
                  const std::vector<std::vector<Cell>>& rows);

}  // namespace batchd::proto::html
