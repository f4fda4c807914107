// Paging of lists: newest first; the token remembers the last row given, so that new rows shift nothing.
#pragma once

#include <optional>
#include <string>

#include "emulator/http.h"

namespace batchd::emulator {

struct PageRequest {
  std::size_t size = 10;
  std::uint64_t before = 0;  // rows with a smaller sequence; 0: from the newest
};

constexpr std::size_t kPageDefault = 10;
constexpr std::size_t kPageMax = 100;  // larger wishes are clamped

std::optional<PageRequest> page_request(const Request& request);  // nullopt: no such page
std::string page_token(std::uint64_t last_sequence);

}  // namespace batchd::emulator
