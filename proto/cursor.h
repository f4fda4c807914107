// How far a reader of results has come: "<installation>-<number of a completion>". Opaque to callers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace batchd::proto {

struct Cursor {
  std::string installation;
  std::int64_t completion = 0;
};
std::string cursor_text(std::string_view installation, std::int64_t completion);
std::optional<Cursor> parse_cursor(std::string_view text);  // nullopt if it isn't a cursor of any installation

}  // namespace batchd::proto
