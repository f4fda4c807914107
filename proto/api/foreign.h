// What callers write who know another batch API: which of its members mean something here, in what words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace batchd::proto {

// Where a member stands.
enum class MemberOf : std::uint8_t { call, line };

// Returns what to write instead of a member that there isn't, such as "call it \"key\""; empty if nobody knows.
std::string_view instead_of_member(std::string_view name, MemberOf where);
// Returns the words for a member that there isn't, with what to write instead.
std::string unknown_member_words(std::string_view name, MemberOf where);

// Returns true if lines with this member are another batch API's.
bool is_foreign_line_member(std::string_view name);
// Returns the first of a request's members that shows that the request is written for another API than the one with
// this endpoint; empty if there is none. Endpoints are the provider's words, so no provider needs to be known for that.
std::string_view foreign_request_member(const std::vector<std::string>& members, std::string_view endpoint);

}  // namespace batchd::proto
