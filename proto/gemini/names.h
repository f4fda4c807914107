// Names that stand in paths. What the provider calls things is checked before it goes into one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace batchd::proto {

bool is_job_name(std::string_view name);            // "batches/" and 1-200 of [A-Za-z0-9._-], not dots alone
bool is_file_name(std::string_view name);           // "files/", likewise
std::string escape_segment(std::string_view text);  // percent-encoded: fit for one path segment or query value

// Path and query of an upload session's URL. None: not a path of an upload, over 4 KB, or with bytes that would split
// the request. Scheme and host are dropped: sessions live on the configured origin.
std::optional<std::string> session_target(std::string_view url);
bool is_session_target(std::string_view target);

}  // namespace batchd::proto
