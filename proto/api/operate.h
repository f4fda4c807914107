// The JSON of the calls with which operators control lanes and accounts, and check the store.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/types.h"

namespace batchd::proto {

// Reads the body of POST /admin/lanes/...: empty, or {"account"?,"endpoint"?,"model"?}, each a string; null is as good
// as absent. Errc::invalid if
// it is anything else. The model is as the caller wrote it.
core::Result<core::LaneSelector> parse_lanes(std::string_view body);

std::string flushed_json(std::int64_t lanes);  // {"lanes":N}
// {"paused":[{"account","endpoint","model"}]}, and "suspicious" if requests are sent again that waited for an operator.
std::string paused_json(const std::vector<core::LaneSelector>& pauses, std::int64_t suspicious = 0);
std::string resumed_json(std::string_view account, bool healthy);  // {"account","healthy"}

// The lines of GET /admin/audit: {"finding"} for each, and {"bodies","requests","findings"} at the end.
std::string finding_json(std::string_view finding);
std::string audited_json(std::int64_t bodies, std::int64_t requests, std::int64_t findings);

}  // namespace batchd::proto
