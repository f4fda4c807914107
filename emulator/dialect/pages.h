// Paging of lists, newest first. A page token names the last row returned, so that new rows shift nothing.
#pragma once

#include <optional>
#include <string>

#include "emulator/base/switches.h"
#include "emulator/server/http.h"

namespace batchd::emulator {

struct PageSizes {
  std::size_t usual = 10;
  std::size_t max = 100;  // larger sizes are reduced to this
};
PageSizes page_sizes(const Switches& switches);

struct PageRequest {
  std::size_t size = 10;
  std::uint64_t before = 0;  // rows with a smaller sequence; 0 starts at the newest
};

std::optional<PageRequest> page_request(const Request& request, const PageSizes& sizes = {});  // nullopt if malformed
std::string page_token(std::uint64_t last_sequence);

}  // namespace batchd::emulator
