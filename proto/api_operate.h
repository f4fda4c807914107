// The calls with which operators move lanes and accounts: bytes to core types and back.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/types.h"

namespace batchd::proto {

// The body of POST /admin/lanes/...: nothing, or {"account"?,"endpoint"?,"model"?}, each a string. Errc::invalid.
core::Result<core::LaneSelector> parse_lanes(std::string_view body);

std::string flushed_json(std::int64_t lanes);                            // {"lanes":N}
std::string paused_json(const std::vector<core::LaneSelector>& pauses);  // {"paused":[{"account","endpoint","model"}]}
std::string resumed_json(std::string_view account, bool healthy);        // {"account","healthy"}

}  // namespace batchd::proto
