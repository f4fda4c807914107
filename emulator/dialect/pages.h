// Paging of lists: newest first; the token remembers the last row given, so that new rows shift nothing.
#pragma once

#include <optional>
#include <string>

#include "emulator/base/switches.h"
#include "emulator/server/http.h"

namespace batchd::emulator {

struct PageSizes {
  std::size_t usual = 10;
  std::size_t max = 100;  // larger wishes are clamped
};
PageSizes page_sizes(const Switches& switches);

struct PageRequest {
  std::size_t size = 10;
  std::uint64_t before = 0;  // rows with a smaller sequence; 0: from the newest
};

std::optional<PageRequest> page_request(const Request& request, const PageSizes& sizes = {});  // nullopt: no such page
std::string page_token(std::uint64_t last_sequence);

}  // namespace batchd::emulator
